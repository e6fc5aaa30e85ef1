"""The forms of the classes that Airflow 3.3.2 serializes: encodes and decodes one value of one class.

Knows the classes by name, and imports a class only to create a value of it. `serde` walks through lists and dicts.
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
#: The latest versions of the forms, by class.
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
    "airflow.sdk.execution_time.lazy_sequence.LazyXComSequence": 1,
}
#: The offsets of abbreviations that version 1 wrote instead of names of time zones.
_OLD_ZONES: dict[object, object] = {"EDT": -14400, "CDT": -18000, "MDT": -21600, "PDT": -25200, "CEST": "CET"}


class BadElementError(Exception):
    """An element has no form. `serde` adds its path."""

    def __init__(self, problem: str, cure: str, *path: str) -> None:
        super().__init__(problem)
        self.bad = BadElement(problem, cure, *path)


def form_of(name: str, version: int, data: object) -> dict[str, object]:
    """The form of a value with the full name of its class."""
    return {"__classname__": name, "__version__": version, "__data__": data}


def make_form(name: str, data: object) -> dict[str, object]:
    """The form of a value.

    Args:
        name: the value's class, a key of `ENCODERS`.
        data: the data of the form.
    """
    name = _FIXED_ZONE if name == "datetime.timezone" else name
    return form_of(name, VERSIONS[name], data)


def class_of(value: object) -> str:
    """The key of `ENCODERS` for a value; the name of its class if `ENCODERS` does not have it.

    A named tuple is a tuple. Instances of subclasses of datetime, date and timedelta, such as those of pandas and
    freezegun, are datetimes, dates and timedeltas, if these are equal to them.
    """
    kind = type(value)
    if issubclass(kind, tuple):
        return "builtins.tuple"
    name = f"{kind.__module__}.{kind.__name__}"
    if name in ENCODERS:
        return name
    for base in kind.__mro__:
        if f"{base.__module__}.{base.__name__}" in _TIMES:
            return f"{base.__module__}.{base.__name__}"
    return name


def _encode_datetime(value: datetime) -> dict[str, object]:
    import datetime as dt  # noqa: PLC0415 - the value's author has imported it

    if f"{type(value).__module__}.{type(value).__name__}" not in ENCODERS:
        value = _as_plain(value, dt.datetime, *_DATE_FIELDS, *_TIME_FIELDS, "tzinfo", fold=getattr(value, "fold", 0))
    zone = None
    if value.tzinfo is not None:
        name = f"{type(value.tzinfo).__module__}.{type(value.tzinfo).__name__}"
        if ENCODERS.get(name, (0, None))[1] is not _encode_zone:
            cure = "use zoneinfo.ZoneInfo or datetime.timezone"
            raise BadElementError(f"a datetime with a time zone of type {type_name(value.tzinfo)}", cure)
        zone_name, version, data = make_form(name, _encode_zone(value.tzinfo)).values()
        zone = make_form("builtins.tuple", [data, zone_name, version, True])
    try:
        timestamp = value.timestamp()
        if zone is None:
            is_exact = dt.datetime.fromtimestamp(timestamp) == value  # noqa: DTZ006 - local time is what it means
        else:
            is_exact = dt.datetime.fromtimestamp(timestamp, dt.timezone.utc) == value.astimezone(dt.timezone.utc)
    except (ArithmeticError, ValueError, OSError):
        is_exact, timestamp = False, 0.0
    if not is_exact:
        raise BadElementError("a datetime that no timestamp equals", "use .isoformat()")
    return {"timestamp": timestamp, "tz": zone}


def _encode_zone(zone: Any) -> str | int:
    if hasattr(zone, "key"):
        if zone.key is None:
            raise BadElementError("a time zone without a name", "use zoneinfo.ZoneInfo(...)")
        return str(zone.key)
    offset = zone.utcoffset(None)
    if offset.microseconds:
        raise BadElementError("a time zone whose offset is not in whole seconds", "round the offset")
    return int(offset.total_seconds()) or "UTC"


def _as_plain(value: Any, cls: Any, *names: str, **more: Any) -> Any:
    """An instance of a subclass as one of the class itself, such as a Timestamp of pandas as a datetime."""
    try:
        plain = cls(*[getattr(value, name) for name in names], **more)
        if plain == value:  # a Timestamp may have nanoseconds
            return plain
    except Exception:  # noqa: BLE001, S110 - the author's class, or NaT
        pass
    raise BadElementError(f"of type {type_name(value)} that no {cls.__name__} equals", "use str(...)")


def _encode_date(value: date) -> str:
    if f"{type(value).__module__}.{type(value).__name__}" not in ENCODERS:
        import datetime as dt  # noqa: PLC0415 - the value's author has imported it

        value = _as_plain(value, dt.date, *_DATE_FIELDS)
    return value.isoformat()


def _encode_timedelta(value: timedelta) -> float:
    from dagfloe.values.dates import to_seconds  # noqa: PLC0415 - few tasks need it

    if f"{type(value).__module__}.{type(value).__name__}" not in ENCODERS:
        import datetime as dt  # noqa: PLC0415 - the value's author has imported it

        value = _as_plain(value, dt.timedelta, "days", "seconds", "microseconds")
    seconds = to_seconds(value)
    try:
        is_exact = type(value)(seconds=seconds) == value
    except OverflowError:
        is_exact = False
    if not is_exact:
        raise BadElementError("a timedelta that no float equals", "use str(...)")
    return seconds


def _encode_decimal(value: Decimal) -> int | float | str:
    """The number as Airflow itself writes it, if it has the same digits; else a string, which Airflow reads, too."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and (not value or value.adjusted() < 20):  # before a huge number is created
        number = int(value) if exponent >= 0 else float(value)
        if str(number) == str(value) and find_bad_number(number) is None:
            return number
    return str(value)


#: The classes whose subclasses are encoded, too.
_TIMES = ("datetime.datetime", "datetime.date", "datetime.timedelta")
_DATE_FIELDS = ("year", "month", "day")
_TIME_FIELDS = ("hour", "minute", "second", "microsecond")
#: By class: the number of levels of dicts and lists in its form, and the function that encodes the form's data.
ENCODERS: dict[str, tuple[int, Callable[[Any], object]]] = {
    "builtins.tuple": (2, list),
    "builtins.set": (2, list),
    "builtins.frozenset": (2, list),
    "datetime.datetime": (4, _encode_datetime),
    "datetime.date": (1, _encode_date),
    "datetime.timedelta": (1, _encode_timedelta),
    "datetime.timezone": (1, _encode_zone),
    "decimal.Decimal": (1, _encode_decimal),
    "uuid.UUID": (1, str),
    "zoneinfo.ZoneInfo": (1, _encode_zone),
    "pendulum.datetime.DateTime": (4, _encode_datetime),
    "pendulum.date.Date": (1, _encode_date),
    "pendulum.tz.timezone.Timezone": (1, _encode_zone),
    _FIXED_ZONE: (1, _encode_zone),
}


def decode_form(name: str, data: Any) -> object:
    """The value of a form.

    Args:
        name: the value's class, a key of `VERSIONS`.
        data: the decoded data of the form, of any version up to the latest.

    Raises:
        Exception: any, if the data are malformed.
    """
    if name.startswith("airflow."):  # the XComs of a mapped task
        return _require(data, list)
    if name.startswith("builtins."):
        items = _require(data, list)
        return tuple(items) if name == "builtins.tuple" else set(items) if name == "builtins.set" else frozenset(items)
    if name == "decimal.Decimal":
        from decimal import Decimal  # noqa: PLC0415 - few tasks need it

        return Decimal(str(_require(data, int, float, str)))
    if name == "uuid.UUID":
        from uuid import UUID  # noqa: PLC0415 - few tasks need it

        return UUID(_require(data, str))
    if name == "zoneinfo.ZoneInfo":
        return _named_zone(data)
    return _decode_zone(data) if name.startswith("pendulum.tz.") else _decode_time(name, data)


def _decode_time(name: str, data: Any) -> date | timedelta:
    import datetime as dt  # noqa: PLC0415 - few tasks need it

    if name in ("datetime.date", "pendulum.date.Date"):
        return dt.date.fromisoformat(_require(data, str))
    if name == "datetime.timedelta":
        return dt.timedelta(seconds=float(_require(data, int, float, str)))
    if type(data) is not dict:  # the older form
        return dt.datetime.fromtimestamp(_require(data, int, float), dt.timezone.utc)
    zone = data.get("tz")
    if type(zone) is tuple:  # Airflow writes an empty name for a datetime.timezone, so only the timestamp is known
        zone = _decode_zone(zone[0] or "UTC")
    elif zone is not None:
        zone = _decode_zone(_OLD_ZONES.get(zone, zone))
    return dt.datetime.fromtimestamp(_require(data["timestamp"], int, float), zone)


def _decode_zone(data: Any) -> tzinfo:
    import datetime as dt  # noqa: PLC0415 - few tasks need it

    if data == "UTC":  # needs no time zone database, which a machine may lack
        return dt.timezone.utc
    return dt.timezone(dt.timedelta(seconds=data)) if type(data) is int else _named_zone(data)


def _named_zone(data: Any) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few tasks need it

    return ZoneInfo(_require(data, str))


def _require(data: Any, *kinds: type) -> Any:
    if type(data) not in kinds:
        raise TypeError
    return data
