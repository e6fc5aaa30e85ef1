"""The forms of single classes: what Airflow 3.3.2 writes for a value of each, and how it is read.

Knows the classes by name, and imports what makes them only when there is a value to make. Knows nothing of the lists
and maps around a form: that is `serde`.
"""

from __future__ import annotations

from dagfloe.values.jsonable import BadElement, find_bad_number, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime, timedelta, tzinfo
    from decimal import Decimal
    from typing import Any

_FIXED_ZONE = "pendulum.tz.timezone.FixedTimezone"
#: The latest version of each class's form.
VERSIONS = {
    "builtins.tuple": 1,
    "builtins.set": 1,
    "builtins.frozenset": 1,
    "datetime.datetime": 2,
    "datetime.date": 2,
    "datetime.timedelta": 2,
    "decimal.Decimal": 1,
    "uuid.UUID": 1,
    "zoneinfo.ZoneInfo": 1,
    "pendulum.datetime.DateTime": 2,
    "pendulum.date.Date": 2,
    "pendulum.tz.timezone.Timezone": 1,
    _FIXED_ZONE: 1,
}
#: What version 1 wrote for the offsets of some places, which are no names of time zones.
_OLD_ZONES: dict[object, object] = {"EDT": -14400, "CDT": -18000, "MDT": -21600, "PDT": -25200, "CEST": "CET"}


class Refusal(Exception):
    """Carries a bad element out of the value that holds it."""

    def __init__(self, what: str, cure: str, *path: str) -> None:
        super().__init__(what)
        self.bad = BadElement(what, cure, *path)


def form_of(name: str, data: object) -> dict[str, object]:
    """The form of a value of a class that `ENCODERS` names, from its data."""
    name = _FIXED_ZONE if name == "datetime.timezone" else name
    return {"__classname__": name, "__version__": VERSIONS[name], "__data__": data}


def _instant_of(value: datetime) -> dict[str, object]:
    import datetime as dt  # noqa: PLC0415 - loaded, as there is a value

    zone = None
    if value.tzinfo is not None:
        name = f"{type(value.tzinfo).__module__}.{type(value.tzinfo).__name__}"
        if ENCODERS.get(name, (0, None))[1] is not _zone_of:
            cure = "use zoneinfo.ZoneInfo or datetime.timezone"
            raise Refusal(f"a datetime with a time zone of type {type_name(value.tzinfo)}", cure)
        written, version, data = form_of(name, _zone_of(value.tzinfo)).values()
        zone = form_of("builtins.tuple", [data, written, version, True])
    try:
        timestamp = value.timestamp()
        if zone is None:
            same = dt.datetime.fromtimestamp(timestamp) == value  # noqa: DTZ006 - local time is what it means
        else:
            same = dt.datetime.fromtimestamp(timestamp, dt.timezone.utc) == value.astimezone(dt.timezone.utc)
    except (ArithmeticError, ValueError, OSError):
        same, timestamp = False, 0.0
    if not same:
        raise Refusal("a datetime that no timestamp tells exactly", "use .isoformat()")
    return {"timestamp": timestamp, "tz": zone}


def _zone_of(zone: Any) -> str | int:
    if hasattr(zone, "key"):
        if zone.key is None:
            raise Refusal("a time zone without a name", "use zoneinfo.ZoneInfo(...)")
        return str(zone.key)
    offset = zone.utcoffset(None)
    if offset.microseconds:
        raise Refusal("a time zone whose offset is not of whole seconds", "round it")
    return int(offset.total_seconds()) or "UTC"


def _date_of(value: date) -> str:
    return value.isoformat()


def _seconds_of(value: timedelta) -> float:
    seconds = value.total_seconds()
    try:
        same = type(value)(seconds=seconds) == value
    except OverflowError:
        same = False
    if not same:
        raise Refusal("a timedelta that no float tells exactly", "use str(...)")
    return seconds


def _number_of(value: Decimal) -> int | float:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and (not value or value.adjusted() < 20):  # before a number of any size is made
        number = int(value) if exponent >= 0 else float(value)
        if type(value)(str(number)) == value and find_bad_number(number) is None:
            return number
    raise Refusal("a decimal that no float, nor an integer of 64 bits, tells exactly", "use str(...)")


#: For each class: how many levels of maps and lists its form has, and what makes the data of the form.
ENCODERS: dict[str, tuple[int, Callable[[Any], object]]] = {
    "builtins.tuple": (2, list),
    "builtins.set": (2, list),
    "builtins.frozenset": (2, list),
    "datetime.datetime": (4, _instant_of),
    "datetime.date": (1, _date_of),
    "datetime.timedelta": (1, _seconds_of),
    "datetime.timezone": (1, _zone_of),
    "decimal.Decimal": (1, _number_of),
    "uuid.UUID": (1, str),
    "zoneinfo.ZoneInfo": (1, _zone_of),
    "pendulum.datetime.DateTime": (4, _instant_of),
    "pendulum.date.Date": (1, _date_of),
    "pendulum.tz.timezone.Timezone": (1, _zone_of),
    _FIXED_ZONE: (1, _zone_of),
}


def read(name: str, data: Any) -> object:
    """The value that a form stands for.

    Args:
        name: its class, one that `VERSIONS` names.
        data: its data, decoded, of any version up to the latest.

    Raises:
        Exception: any, for malformed data.
    """
    if name.startswith("builtins."):
        items = _only(data, list)
        return tuple(items) if name == "builtins.tuple" else set(items) if name == "builtins.set" else frozenset(items)
    if name == "decimal.Decimal":
        from decimal import Decimal  # noqa: PLC0415 - few tasks need it

        return Decimal(str(_only(data, int, float, str)))
    if name == "uuid.UUID":
        from uuid import UUID  # noqa: PLC0415 - few tasks need it

        return UUID(_only(data, str))
    if name == "zoneinfo.ZoneInfo":
        return _named_zone(data)
    return _read_zone(data) if name.startswith("pendulum.tz.") else _read_time(name, data)


def _read_time(name: str, data: Any) -> date | timedelta:
    import datetime as dt  # noqa: PLC0415 - few tasks need it

    if name in ("datetime.date", "pendulum.date.Date"):
        return dt.date.fromisoformat(_only(data, str))
    if name == "datetime.timedelta":
        return dt.timedelta(seconds=float(_only(data, int, float, str)))
    if type(data) is not dict:  # the older form
        return dt.datetime.fromtimestamp(_only(data, int, float), dt.timezone.utc)
    zone = data.get("tz")
    if type(zone) is tuple:  # Airflow writes an empty name for a datetime.timezone: the instant is all that is left
        zone = _read_zone(zone[0] or "UTC")
    elif zone is not None:
        zone = _read_zone(_OLD_ZONES.get(zone, zone))
    return dt.datetime.fromtimestamp(_only(data["timestamp"], int, float), zone)


def _read_zone(data: Any) -> tzinfo:
    import datetime as dt  # noqa: PLC0415 - few tasks need it

    if data == "UTC":  # known without the files of the time zones, which a machine may lack
        return dt.timezone.utc
    return dt.timezone(dt.timedelta(seconds=data)) if type(data) is int else _named_zone(data)


def _named_zone(data: Any) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few tasks need it

    return ZoneInfo(_only(data, str))


def _only(data: Any, *kinds: type) -> Any:
    if type(data) not in kinds:
        raise TypeError
    return data
