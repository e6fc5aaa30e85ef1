"""Bodies as the supervisor reads them: the text "5" is a number, and unknown fields are left out. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION
from dagfloe.runtime.wire.requests import find_request_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TRUTHS = {
    **dict.fromkeys(("1", "on", "t", "true", "y", "yes"), True),
    **dict.fromkeys(("0", "off", "f", "false", "n", "no"), False),
}
_INTEGER = re.compile(r"\s*[+-]?\d+(\.0*)?\s*", re.ASCII)
#: Sign, days, and time of an ISO 8601 duration.
_DURATION = re.compile(r"(-)?P(?=.)((?:\d+(?:[.,]\d+)?[YMWD])*)(?:T((?:\d+(?:[.,]\d+)?[HMS])+))?", re.ASCII)
_AMOUNT = re.compile(r"([\d.,]+)([A-Z])", re.ASCII)
_DAYS = {unit: days * 86_400 for unit, days in (("Y", 365), ("M", 30), ("W", 7), ("D", 1))}
_CLOCK = {"H": 3600, "M": 60, "S": 1}
#: Times that are larger numbers are in milliseconds.
_MOST_SECONDS = 2e10
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def coerce_body(body: Mapping[str, Any], version: str = DEFAULT_SCHEMA_VERSION) -> dict[str, Any]:
    """A body with the values that the supervisor makes of those of other types.

    Args:
        body: the body of a request.
        version: the supervisor schema version that the bundle names.

    Returns:
        A body for which `requests.find_problem` says whether the supervisor understands it. Fields that it does not
        know are left out, unless they are forbidden.
    """
    kind = find_request_type(body.get("type"), version)
    if kind is None:
        return dict(body)
    return {
        name: _read(value, kind.fields.get(name, ""))
        for name, value in body.items()
        if name == "type" or name in kind.fields or kind.closed
    }


def _read(value: Any, kind: str) -> Any:
    read = _READERS.get(kind.removesuffix("|null"))
    if read is None or value is None:
        return value
    try:
        return read(value)
    except (OverflowError, ValueError):  # it stays as it is, and is refused
        return value


def _integer(value: Any) -> Any:
    if isinstance(value, str):
        return int(value.partition(".")[0]) if _INTEGER.fullmatch(value) else value
    return int(value) if isinstance(value, (bool, float)) and value == int(value) else value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, (bool, int, str)) else value


def _truth(value: Any) -> Any:
    if isinstance(value, str):
        return _TRUTHS.get(value.lower(), value)
    return bool(value) if isinstance(value, (int, float)) and value in (0, 1) else value


def _date(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _EPOCH + timedelta(seconds=value if abs(value) <= _MOST_SECONDS else value / 1000)
    return value


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        if match is None:
            return value
        sign, days, clock = match.groups()
        seconds = _seconds(days, _DAYS) + _seconds(clock or "", _CLOCK)
        return timedelta(seconds=-seconds if sign else seconds)
    return timedelta(seconds=value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _seconds(text: str, units: Mapping[str, int]) -> float:
    return sum(float(amount.replace(",", ".")) * units[unit] for amount, unit in _AMOUNT.findall(text))


_READERS: dict[str, Callable[[Any], Any]] = {
    "bool": _truth,
    "date": _date,
    "duration": _duration,
    "int": _integer,
    "number": _number,
    "positive": _number,
}
