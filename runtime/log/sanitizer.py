"""From any value that an author logs to one that JSON has: masked, bounded, and without ever raising. Pure."""

from __future__ import annotations

from datetime import datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container

    Mask = Callable[[str], str]

MAX_DEPTH = 8
#: Elements of all fields of a record together: a graph of objects has more paths than anyone can wait for.
MAX_ELEMENTS = 10_000
MAX_TEXT = 64 * 1024


def unique(name: str, taken: Container[str], reserved: Container[str] = ()) -> str:
    """The name, with a `_` appended as long as it is reserved or taken."""
    while name in reserved or name in taken:
        name += "_"
    return name


def text_of(value: object, mask: Mask, form: Callable[[object], str] = str) -> str:
    """A text that UTF-8 and the log pages stand: no lone surrogates, no megabytes, no secrets. Never raises.

    Args:
        value: any value, however odd.
        mask: removes secrets from a text.
        form: `str` or `repr`.
    """
    try:
        text = str.__str__(value if form is str and isinstance(value, str) else form(value))
    except Exception as error:  # noqa: BLE001 - a __repr__ or __str__ of the author's
        text = f"<{type(value).__name__}, {type(error).__name__} in its {form.__name__}()>"
    masked = mask(text)
    if len(masked) > MAX_TEXT:
        masked = f"{masked[:MAX_TEXT]}... ({len(masked)} characters)"
    return masked if masked.isascii() else masked.encode("utf-8", "backslashreplace").decode()


class Reducer:
    """Turns values into ones that JSON has, close to the given ones; of too many elements, only the first."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._left = MAX_ELEMENTS

    def reduce(self, value: object, depth: int = 0) -> object:
        """A value that JSON has. Never raises."""
        self._left -= 1
        try:
            return self._reduce(value, depth)
        except Exception as error:  # noqa: BLE001 - whatever an author's class does when it is looked at
            return f"<{type(value).__name__}, {type(error).__name__} while it was read>"

    def _reduce(self, value: object, depth: int) -> object:
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
            return self._map(value, depth) if isinstance(value, dict) else self._list(value, depth)
        if isinstance(value, datetime):
            return value.isoformat()
        return text_of(value, self._mask, str if isinstance(value, str) else repr)

    def _number(self, number: float, *, fits: bool) -> object:
        shown = text_of(number, self._mask)
        return number if fits and shown == str(number) else shown

    def _map(self, value: dict[object, object], depth: int) -> dict[str, object]:
        items: dict[str, object] = {}
        for key, item in value.items():
            if self._left <= 0:
                items[unique("...", items)] = f"({len(value) - len(items)} more)"
                break
            items[unique(text_of(key, self._mask), items)] = self.reduce(item, depth + 1)
        return items

    def _list(self, value: Collection[object], depth: int) -> list[object]:
        items: list[object] = []
        for item in value:
            if self._left <= 0:
                items.append(f"... ({len(value) - len(items)} more)")
                break
            items.append(self.reduce(item, depth + 1))
        return items
