"""Values that neither Airflow's messages nor its database can hold, and the limits of its columns. Pure."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: More than Airflow needs, and few enough for its recursive functions.
MAX_DEPTH = 40
#: The largest number of a column of integers.
MAX_INT = 2**31 - 1
#: Longer times lead to dates that Python cannot represent.
MAX_DURATION_S = 100 * 365 * 86400.0
_MAX_WIRE_INT = 2**63
# Airflow adds intervals to dates, and shows dates in other time zones.
_FIRST_DATE = datetime(1900, 1, 1, tzinfo=timezone.utc)
_LAST_START = datetime(2200, 1, 1, tzinfo=timezone.utc)
_LAST_END = datetime(9999, 12, 30, tzinfo=timezone.utc)


def value_problems(where: str, value: Any, depth: int = 0) -> Iterator[str]:
    """Describe what the frames of the supervisor, JSON, or Airflow's database cannot hold.

    Args:
        where: the place of the value.
        value: the value.
        depth: how many lists and mappings are around it.
    """
    if depth > MAX_DEPTH:
        yield f"{where}: a value is nested deeper than {MAX_DEPTH} levels: flatten it"
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _string_problems(f"{where}: a key", key)
            else:
                yield f"{where}: the key {key!r} is not a string: use strings"
            yield from value_problems(f"{where}, {key!s:.60}", item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from value_problems(where, item, depth + 1)
    elif isinstance(value, str):
        yield from _string_problems(where, value)
    elif value is not None:
        yield from _number_problems(where, value)


def _number_problems(where: str, value: Any) -> Iterator[str]:
    if not isinstance(value, (int, float)):
        yield f"{where}: a value of type {type(value).__name__} has no JSON form: use strings, numbers, lists and dicts"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{where}: the number {value} has no JSON form: use None or a string"
    elif isinstance(value, int) and not -_MAX_WIRE_INT <= value < _MAX_WIRE_INT:
        yield f"{where}: an integer has more than 64 bits: pass it as a string"


def _string_problems(where: str, value: str) -> Iterator[str]:
    if "\0" in value:
        yield f"{where}: a string contains a zero character, which Airflow's database refuses: remove it"
    elif any("\ud800" <= character <= "\udfff" for character in value):
        yield f"{where}: a string contains a lone surrogate, which has no form in UTF-8: remove it"


def length_problems(where: str, fields: Mapping[str, Any], limits: Mapping[str, int]) -> Iterator[str]:
    """Describe the strings that are longer than their columns in Airflow's database."""
    for name, limit in limits.items():
        length = len(fields.get(name) or "")
        if length > limit:
            yield f"{where}: the {name} has {length} characters, and Airflow's database holds {limit}: shorten it"


def integer_problems(where: str, fields: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    """Describe the numbers that a column of Airflow's database cannot hold."""
    for name in names:
        value = fields.get(name, 0)
        if type(value) is not int:
            yield f"{where}: the {name} is {value!r}, expected an int"
        elif abs(value) > MAX_INT:
            yield f"{where}: the {name} is {value}, and Airflow's database holds numbers up to {MAX_INT}: use less"


def duration_problems(where: str, fields: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    """Describe the durations that are too long for Airflow's calculations."""
    for name in names:
        if abs(fields.get(f"{name}_s", 0)) > MAX_DURATION_S:
            yield f"{where}: the {name} is longer than 100 years: use a shorter one"


def parse_date(iso: str) -> datetime | None:
    """A date with an offset; None if it is not one."""
    try:
        date = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return date if date.tzinfo else None


def date_problems(where: str, fields: Mapping[str, Any], name: str) -> Iterator[str]:
    """Describe why Airflow cannot calculate with a date."""
    if name not in fields:
        return
    date = parse_date(fields[name])
    last = _LAST_END if name == "end_date" else _LAST_START
    if date is None:
        yield f"{where}: the {name} {fields[name]!r} is not a date in ISO form with an offset"
    elif not _FIRST_DATE <= date <= last:
        yield f"{where}: the {name} is {fields[name]}: use a date from {_FIRST_DATE:%Y-%m-%d} to {last:%Y-%m-%d}"
