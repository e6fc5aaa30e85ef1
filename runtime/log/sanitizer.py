"""Turns any value that an author logs into a JSON value: with masked secrets, of limited size, never raising. Pure."""

from __future__ import annotations

from datetime import datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container

    Mask = Callable[[str], str]

MAX_DEPTH = 8
#: The elements of all fields of a record together. A graph of objects may have too many paths to follow them all.
MAX_ELEMENTS = 10_000
MAX_STRING_LENGTH = 64 * 1024


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
    try:
        string = str.__str__(value if form is str and isinstance(value, str) else form(value))
    except Exception as error:  # noqa: BLE001 - the author's __repr__ or __str__
        string = f"<{type(value).__name__}, {type(error).__name__} in its {form.__name__}()>"
    masked = mask(string)
    if len(masked) > MAX_STRING_LENGTH:
        masked = f"{masked[:MAX_STRING_LENGTH]}... ({len(masked)} characters)"
    return masked if masked.isascii() else masked.encode("utf-8", "backslashreplace").decode()


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
        except Exception as error:  # noqa: BLE001 - the author's class may raise anything
            return f"<{type(value).__name__}, {type(error).__name__} while it was read>"

    def _sanitize(self, value: object, depth: int) -> object:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, int):
            whole = int.__int__(value)
            return self._number(whole, fits=-(2**63) <= whole < 2**63)
        if isinstance(value, float):
            real = float.__float__(value)
            return self._number(real, fits=real - real == 0)
        if isinstance(value, (dict, list, tuple, set, frozenset)):
            if depth >= MAX_DEPTH:
                return f"<{type(value).__name__} of {len(value)} elements, nested too deep>"
            return self._dict(value, depth) if isinstance(value, dict) else self._list(value, depth)
        if isinstance(value, datetime):
            return value.isoformat()
        return safe_string(value, self._mask, str if isinstance(value, str) else repr)

    def _number(self, number: float, *, fits: bool) -> object:
        string = safe_string(number, self._mask)
        return number if fits and string == str(number) else string

    def _dict(self, value: dict[object, object], depth: int) -> dict[str, object]:
        items: dict[str, object] = {}
        for key, item in value.items():
            if self._left <= 0:
                items[unique_name("...", items)] = f"({len(value) - len(items)} more)"
                break
            items[unique_name(safe_string(key, self._mask), items)] = self.sanitize(item, depth + 1)
        return items

    def _list(self, value: Collection[object], depth: int) -> list[object]:
        items: list[object] = []
        for item in value:
            if self._left <= 0:
                items.append(f"... ({len(value) - len(items)} more)")
                break
            items.append(self.sanitize(item, depth + 1))
        return items
