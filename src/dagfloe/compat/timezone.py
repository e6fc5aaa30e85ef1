"""Airflow's functions for aware datetimes. With pendulum in the project they return its datetimes, as in Airflow."""

from __future__ import annotations

import datetime as dt

from dagfloe.compat.objects.dates import to_context_date
from dagfloe.values.dates import to_datetime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

utc = dt.timezone.utc


def utcnow() -> dt.datetime:
    """The present time in UTC."""
    return _convert(dt.datetime.now(tz=utc))


def datetime(*args: Any, **kwargs: Any) -> dt.datetime:
    """A datetime, in UTC unless `tzinfo` is passed. The arguments are those of Python's `datetime`."""
    return _convert(dt.datetime(*args, **{"tzinfo": utc, **kwargs}))  # noqa: DTZ001 - it has one


def parse(string: str, *_: object, **__: object) -> dt.datetime:
    """A datetime from its ISO form; in UTC without an offset.

    Args:
        string: the ISO form.

    Raises:
        ValueError: if it is another string.
    """
    return _convert(to_datetime(string))


def convert_to_utc(value: dt.datetime | None) -> dt.datetime | None:
    """A datetime in UTC; a naive one is in UTC already.

    Args:
        value: the datetime.
    """
    if value is None:
        return None
    return _convert(value.replace(tzinfo=utc) if is_naive(value) else value.astimezone(utc))


def coerce_datetime(value: dt.datetime | None, tz: dt.tzinfo | None = None) -> dt.datetime | None:
    """An aware datetime; None stays None.

    Args:
        value: the datetime.
        tz: the time zone of a naive one; UTC by default.
    """
    if value is None:
        return None
    return _convert(value.replace(tzinfo=tz or utc) if is_naive(value) else value)


def from_timestamp(timestamp: float, tz: dt.tzinfo = utc) -> dt.datetime:
    """A datetime from seconds since 1970.

    Args:
        timestamp: the seconds.
        tz: its time zone.
    """
    return _convert(dt.datetime.fromtimestamp(timestamp, tz))


def make_aware(value: dt.datetime, timezone: dt.tzinfo = utc) -> dt.datetime:
    """A naive datetime with a time zone.

    Args:
        value: the datetime.
        timezone: the time zone.

    Raises:
        ValueError: if it has one.
    """
    if is_localized(value):
        raise ValueError(f"make_aware expects a naive datetime, got {value}")
    return _convert(value.replace(tzinfo=timezone))


def make_naive(value: dt.datetime, timezone: dt.tzinfo = utc) -> dt.datetime:
    """A datetime in a time zone, without the time zone.

    Args:
        value: the datetime.
        timezone: the time zone.

    Raises:
        ValueError: if it is naive.
    """
    if is_naive(value):
        raise ValueError("make_naive() cannot be applied to a naive datetime")
    return value.astimezone(timezone).replace(tzinfo=None)


def is_localized(value: dt.datetime) -> bool:
    """Whether a datetime is aware.

    Args:
        value: the datetime.
    """
    return value.utcoffset() is not None


def is_naive(value: dt.datetime) -> bool:
    """Whether a datetime is naive.

    Args:
        value: the datetime.
    """
    return not is_localized(value)


def _convert(value: dt.datetime) -> dt.datetime:
    converted = to_context_date(value)
    return value if converted is None else converted
