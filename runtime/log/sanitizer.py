"""Turns any value that an author logs into a JSON value: with masked secrets, of limited size, never raising. Pure.

An author's class may raise anything while it is shown, also `SystemExit`, and may lie about its class. So this module
catches every exception, except those with which the runtime stops the task, and looks at types instead of `__class__`.
"""

from __future__ import annotations

from datetime import datetime

from dagfloe.errors import TaskCancelled, TaskTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    Mask = Callable[[str], str]

MAX_DEPTH = 8
#: The elements of all fields of a record together. A graph of objects may have too many paths to follow them all.
MAX_ELEMENTS = 10_000
MAX_STRING_LENGTH = 64 * 1024
_CLASS_NAME = vars(type)["__name__"]
_TRACEBACK = vars(BaseException)["__traceback__"]


def unique_name(name: str, taken: Container[str], reserved: Container[str] = ()) -> str:
    """Append `_` to a name until it is neither reserved nor taken."""
    while name in reserved or name in taken:
        name += "_"
    return name


def safe_string(value: object, mask: Mask, form: Callable[[object], str] = str) -> str:
    """Convert a value to a string that is safe to log: no lone surrogates, no megabytes, no secrets. Never raises.

    Args:
        value: any value.
        mask: masks the secrets in a string.
        form: `str` or `repr`.
    """
    if form is str and issubclass(type(value), str):
        string = str.__str__(value)
    else:
        try:
            string = str.__str__(form(value))
        except BaseException as error:  # the author's __repr__ or __str__ may raise anything
            if is_stop(error):
                raise
            string = f"<{class_name(value)}, {class_name(error)} in its {form.__name__}()>"
    masked = mask(string)
    if len(masked) > MAX_STRING_LENGTH:
        masked = f"{masked[:MAX_STRING_LENGTH]}... ({len(masked)} characters)"
    return masked if masked.isascii() else masked.encode("utf-8", "backslashreplace").decode()


def class_name(value: object) -> str:
    """The name of a value's class. Never raises, whatever the class and its metaclass define."""
    return str.__str__(_CLASS_NAME.__get__(type(value)))


def is_stop(error: BaseException) -> bool:
    """Whether the runtime itself raised an exception, to stop the task. Only the task may swallow it."""
    if type(error) is not TaskCancelled and type(error) is not TaskTimeout:
        return False
    innermost = _TRACEBACK.__get__(error)
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    return innermost is not None and innermost.tb_frame.f_globals.get("__name__") == "dagfloe.cancellation"


class Sanitizer:
    """Converts values to similar JSON values. It keeps only the first `MAX_ELEMENTS` elements.

    Args:
        mask: masks the secrets in a string.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._left = MAX_ELEMENTS

    def sanitize(self, value: object, depth: int = 0) -> object:
        """Convert a value. Never raises.

        Args:
            value: any value.
            depth: how deep the value is nested.
        """
        self._left -= 1
        try:
            return self._sanitize(value, depth)
        except BaseException as error:  # the author's class may raise anything
            if is_stop(error):
                raise
            return f"<{class_name(value)}, {class_name(error)} while it was read>"

    def _sanitize(self, value: object, depth: int) -> object:
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if issubclass(kind, int):
            whole = int.__int__(value)  # type: ignore[arg-type]
            return self._number(whole, fits=-(2**63) <= whole < 2**63)
        if issubclass(kind, float):
            real = float.__float__(value)  # type: ignore[arg-type]
            return self._number(real, fits=real - real == 0)
        for base in (dict, list, tuple, set, frozenset):
            if issubclass(kind, base):
                length: int = base.__len__(value)  # type: ignore[arg-type]
                if depth >= MAX_DEPTH:
                    return f"<{class_name(value)} of {length} elements, nested too deep>"
                if base is dict:
                    return self._dict(dict.items(value), length, depth)  # type: ignore[arg-type]
                return self._list(base.__iter__(value), length, depth)  # type: ignore[arg-type]
        if issubclass(kind, datetime):
            return safe_string(value.isoformat(), self._mask)  # type: ignore[attr-defined]
        return safe_string(value, self._mask, str if issubclass(kind, str) else repr)

    def _number(self, number: float, *, fits: bool) -> object:
        string = safe_string(number, self._mask)
        return number if fits and string == str(number) else string

    def _dict(self, pairs: Iterable[tuple[object, object]], length: int, depth: int) -> dict[str, object]:
        items: dict[str, object] = {}
        for key, item in pairs:
            if self._left <= 0:
                items[unique_name("...", items)] = f"({length - len(items)} more)"
                break
            items[unique_name(safe_string(key, self._mask), items)] = self.sanitize(item, depth + 1)
        return items

    def _list(self, elements: Iterator[object], length: int, depth: int) -> list[object]:
        items: list[object] = []
        for item in elements:
            if self._left <= 0:
                items.append(f"... ({length - len(items)} more)")
                break
            items.append(self.sanitize(item, depth + 1))
        return items
