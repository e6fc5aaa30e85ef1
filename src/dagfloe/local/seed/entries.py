"""Reads the tables of a seed file. Each error names the place of the mistake and its fix. Pure."""

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
#: The integers that msgpack can encode.
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**64 - 1
_MAX_DEPTH = 100


class SeedError(DagfloeError):
    """A mistake in a seed file. The message shows no value."""


class Entry:
    """A table of the file. Its methods read its fields, and `check_unknown` refuses those that are left.

    Args:
        where: what error messages call the table.
        table: the table.

    Raises:
        SeedError: from all methods, if the field is wrong.
    """

    def __init__(self, where: str, table: Mapping[str, Any]) -> None:
        self.where = where
        self._table = dict(table)
        self._read: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field without a check of its type."""
        self._read.append(name)
        if name not in self._table:
            if default is _MISSING:
                raise SeedError(f"{self.where} has no {name}: add it")
            return default
        return self._table[name]

    def check_unknown(self) -> None:
        """Check that all fields of the table were read."""
        for name in self._table:
            if name not in self._read:
                similar = difflib.get_close_matches(name, self._read, 1)
                hint = f"did you mean {similar[0]}?" if similar else f"expected {', '.join(sorted(self._read))}"
                raise SeedError(f"{self.where} has the unknown key {name!r}: {hint}")

    def string(self, name: str, default: str = _MISSING) -> str:
        """Return a string that is not empty."""
        value = self.get(name, default)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a string in quotes that is not empty")
        return value

    def optional_string(self, name: str) -> str | None:
        """Return a string that is not empty, or None if it is missing."""
        return self.string(name) if name in self else self.get(name)

    @overload
    def integer(self, name: str, default: int) -> int: ...
    @overload
    def integer(self, name: str, default: None) -> int | None: ...
    def integer(self, name: str, default: int | None) -> int | None:
        """Return a map index."""
        value = self.get(name, default)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not -1 <= value < 2**31):
            raise self._wrong(name, "a whole number from -1 on")
        return value

    def boolean(self, name: str) -> bool:
        """Return a boolean, by default false."""
        value = self.get(name, default=False)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def strings(self, name: str) -> tuple[str, ...]:
        """Return a list of strings, by default empty."""
        value = self.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(name, "a list of strings")
        return tuple(value)

    def table(self, name: str) -> dict[str, Any]:
        """Return a table of JSON values, by default empty."""
        value = self.get(name, {})
        if not isinstance(value, dict):
            raise self._wrong(name, "a table")
        return check_json_table(f"{self.where} {name}", value)

    def json(self, name: str) -> Any:
        """Return a JSON value."""
        return check_json(f"{self.where} {name}", self.get(name, _MISSING))

    def date(self, name: str) -> datetime | None:
        """Return an aware datetime. One without an offset is in UTC."""
        value = self.get(name)
        if value is None:
            return None
        try:
            return to_datetime(value).astimezone(timezone.utc)
        except (OverflowError, ValueError):
            raise self._wrong(name, "a date with a time, such as 2026-01-31T12:00:00Z") from None

    def _wrong(self, name: str, expected: str) -> SeedError:
        return SeedError(f"{self.where}: {name} is not valid: write {expected}")


def get_table(name: str, value: Any) -> dict[str, Any]:
    """Return a table of the file, by default empty.

    Raises:
        SeedError: if it is not a table.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SeedError(f"{name} is not a table: write [{name}] above its lines")
    return value


def get_entries(name: str, value: Any) -> list[Entry]:
    """Return the entries of a list of tables, by default none.

    Raises:
        SeedError: if it is not a list of tables.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise SeedError(f"{name} is not a list of tables: write [[{name}]] above every entry")
    return [Entry(f"[[{name}]] number {number}", table) for number, table in enumerate(value, 1)]


def check_json_table(where: str, value: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return a table after a check that its values have a JSON form; arguments as for `check_json`."""
    for name in value:
        _check_text(where, name)
    return {name: check_json(f"{where} {name!r}", item, depth + 1) for name, item in value.items()}


def check_json(where: str, value: Any, depth: int = 0) -> Any:
    """Return a value after a check that it has a JSON form.

    Args:
        where: what error messages call the value.
        value: the value.
        depth: the number of values that it is nested in.

    Raises:
        SeedError: if it has no JSON form.
    """
    if depth > _MAX_DEPTH:
        raise SeedError(f"{where.partition(' ')[0]} nests values more than {_MAX_DEPTH} levels deep: nest them less")
    if isinstance(value, dict):
        return check_json_table(where, value, depth)
    if isinstance(value, str):
        _check_text(where, value)
        return value
    if isinstance(value, list):
        return [check_json(where, item, depth + 1) for item in value]
    if isinstance(value, int) and not _MIN_INTEGER <= value <= _MAX_INTEGER:
        raise SeedError(f"{where} is too large a number for a message: write it as a string, in quotes")
    if isinstance(value, float) and not math.isfinite(value):
        raise SeedError(f"{where} is not finite, and JSON has no such numbers: write it as a string, in quotes")
    if value is not None and not isinstance(value, (int, float)):
        raise SeedError(f"{where} is a date or a time, and JSON has none: write it as a string, in quotes")
    return value


def _check_text(where: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SeedError(f"{where} has half of a character, a lone surrogate: write the whole character") from None
