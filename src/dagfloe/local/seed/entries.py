"""Reading the entries of a seed file, so that every mistake is told with its place and its cure. Pure."""

from __future__ import annotations

import difflib
import math
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, overload

from dagfloe.errors import DagfloeError
from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Mapping

_MISSING: Any = object()
#: What the frames can carry.
_LEAST, _MOST = -(2**63), 2**64 - 1
_DEEPEST = 100


class SeedError(DagfloeError):
    """A seed file that cannot be used. Its message shows no value."""


class Entry:
    """A table of the file, whose fields are taken one by one.

    Args:
        where: how to call it.
        table: the table.
    """

    def __init__(self, where: str, table: Mapping[str, Any]) -> None:
        self.where = where
        self._table = dict(table)
        self._known: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def take(self, name: str, default: Any = None) -> Any:
        """A field as it is."""
        self._known.append(name)
        if name not in self._table:
            if default is _MISSING:
                raise SeedError(f"{self.where} misses {name}: add it")
            return default
        return self._table[name]

    def end(self) -> None:
        """Refuse what was not taken."""
        for name in self._table:
            if name not in self._known:
                close = difflib.get_close_matches(name, self._known, 1)
                known = f"did you mean {close[0]}?" if close else f"it may have {', '.join(sorted(self._known))}"
                raise SeedError(f"{self.where} has {name!r}, which means nothing here: {known}")

    def text(self, name: str, default: str = _MISSING) -> str:
        """A text that is not empty."""
        value = self.take(name, default)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a text in quotes that is not empty")
        return value

    def optional_text(self, name: str) -> str | None:
        """The same, or None where there is none."""
        return self.text(name) if name in self else self.take(name)

    @overload
    def integer(self, name: str, default: int) -> int: ...
    @overload
    def integer(self, name: str, default: None) -> int | None: ...
    def integer(self, name: str, default: int | None) -> int | None:
        """A map index."""
        value = self.take(name, default)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not -1 <= value < 2**31):
            raise self._wrong(name, "a whole number from -1 on")
        return value

    def truth(self, name: str) -> bool:
        """A truth value, false where there is none."""
        value = self.take(name, default=False)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty where there is none."""
        value = self.take(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._wrong(name, "a list of texts")
        return tuple(value)

    def table(self, name: str) -> dict[str, Any]:
        """A table of JSON values, empty where there is none."""
        value = self.take(name, {})
        if not isinstance(value, dict):
            raise self._wrong(name, "a table")
        return json_table(f"{self.where} {name}", value)

    def json(self, name: str) -> Any:
        """A JSON value."""
        return json_value(f"{self.where} {name}", self.take(name, _MISSING))

    def date(self, name: str) -> datetime | None:
        """A date and time, aware; one without an offset is in UTC."""
        value = self.take(name)
        if value is None:
            return None
        try:
            return to_datetime(value).astimezone(timezone.utc)
        except (OverflowError, ValueError):
            raise self._wrong(name, "a date with a time, such as 2026-01-31T12:00:00Z") from None

    def _wrong(self, name: str, expected: str) -> SeedError:
        return SeedError(f"{self.where}: {name} has another form than it should: write {expected}")


def table_of(name: str, value: Any) -> dict[str, Any]:
    """A table of the file, empty where there is none."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SeedError(f"{name} is no table: write [{name}] above its lines")
    return value


def entries(name: str, value: Any) -> list[Entry]:
    """The entries of a list of tables, none where there is no such list."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise SeedError(f"{name} is no list of tables: write [[{name}]] above each entry")
    return [Entry(f"[[{name}]] number {number}", each) for number, each in enumerate(value, 1)]


def json_table(where: str, value: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """A table, whose values all have a JSON form."""
    return {name: json_value(f"{where} {name!r}", item, depth + 1) for name, item in value.items()}


def json_value(where: str, value: Any, depth: int = 0) -> Any:
    """A value that has a JSON form.

    Args:
        where: how to call it.
        value: the value.
        depth: how many values it is inside of.
    """
    if depth > _DEEPEST:
        raise SeedError(f"{where.partition(' ')[0]} has values in more than {_DEEPEST} others: nest them less")
    if isinstance(value, dict):
        return json_table(where, value, depth)
    if isinstance(value, list):
        return [json_value(where, item, depth + 1) for item in value]
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise SeedError(f"{where} is a number that is too large to be sent: write it as text, in quotes")
    if isinstance(value, float) and not math.isfinite(value):
        raise SeedError(f"{where} is not finite, which JSON does not have: write it as text, in quotes")
    if not isinstance(value, (str, int, float)):
        raise SeedError(f"{where} is a date or a time, which JSON does not have: write it as text, in quotes")
    return value
