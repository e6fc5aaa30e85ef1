"""Converts request bodies as Airflow's supervisor does: the string "5" counts as a number, for example. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION
from dagfloe.runtime.wire.requests import find_request_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BOOLEANS = {
    **dict.fromkeys(("1", "on", "t", "true", "y", "yes"), True),
    **dict.fromkeys(("0", "off", "f", "false", "n", "no"), False),
}
_INTEGER = re.compile(r"\s*[+-]?\d+(\.0*)?\s*", re.ASCII)
#: An ISO 8601 duration: its sign, days and time.
_DURATION = re.compile(r"(-)?P(?=.)((?:\d+(?:[.,]\d+)?[YMWD])*)(?:T((?:\d+(?:[.,]\d+)?[HMS])+))?", re.ASCII)
_AMOUNT = re.compile(r"([\d.,]+)([A-Z])", re.ASCII)
_DAYS = {unit: days * 86_400 for unit, days in (("Y", 365), ("M", 30), ("W", 7), ("D", 1))}
_CLOCK = {"H": 3600, "M": 60, "S": 1}
#: A larger number is a time in milliseconds.
_MAX_SECONDS = 2e10
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def coerce_body(body: Mapping[str, Any], version: str = DEFAULT_SCHEMA_VERSION) -> dict[str, Any]:
    """Convert the values of a request body to the types of its fields, as far as Airflow's supervisor does.

    Args:
        body: the body of a request.
        version: the supervisor schema version that the bundle names.

    Returns:
        The converted body, without unknown fields; unknown fields that the schema forbids stay. Pass it to
        `requests.find_problem` to learn whether the supervisor accepts it.
    """
    kind = find_request_type(body.get("type"), version)
    if kind is None:
        return dict(body)
    return {
        name: _convert(value, kind.fields.get(name, ""))
        for name, value in body.items()
        if name == "type" or name in kind.fields or kind.closed
    }


def _convert(value: Any, kind: str) -> Any:
    convert = _CONVERTERS.get(kind.removesuffix("|null"))
    if convert is None or value is None:
        return value
    try:
        return convert(value)
    except (OverflowError, ValueError):  # the value stays unchanged, so that the schema refuses it
        return value


def _to_int(value: Any) -> Any:
    if isinstance(value, str):
        return int(value.partition(".")[0]) if _INTEGER.fullmatch(value) else value
    return int(value) if isinstance(value, (bool, float)) and value == int(value) else value


def _to_number(value: Any) -> Any:
    return float(value) if isinstance(value, (bool, int, str)) else value


def _to_bool(value: Any) -> Any:
    if isinstance(value, str):
        return _BOOLEANS.get(value.lower(), value)
    return bool(value) if isinstance(value, (int, float)) and value in (0, 1) else value


def _to_date(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _EPOCH + timedelta(seconds=value if abs(value) <= _MAX_SECONDS else value / 1000)
    return value


def _to_duration(value: Any) -> Any:
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        if match is None:
            return value
        sign, days, clock = match.groups()
        seconds = _sum_seconds(days, _DAYS) + _sum_seconds(clock or "", _CLOCK)
        return timedelta(seconds=-seconds if sign else seconds)
    return timedelta(seconds=value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _sum_seconds(duration: str, units: Mapping[str, int]) -> float:
    return sum(float(amount.replace(",", ".")) * units[unit] for amount, unit in _AMOUNT.findall(duration))


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "bool": _to_bool,
    "date": _to_date,
    "duration": _to_duration,
    "int": _to_int,
    "number": _to_number,
    "positive": _to_number,
}
