"""Dates and durations in the forms that Airflow sends and accepts. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from dagfloe.errors import DagfloeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    #: Returns the present time, aware.
    Clock = Callable[[], datetime]

#: Airflow's dates end before the year 10000. One year is left for the time that a task waits.
_END = datetime(9999, 1, 1, tzinfo=timezone.utc)
_MANY_SECONDS = 1e9
#: In a tuple, where code that replaces `datetime` in every module, such as freezegun, does not find it.
_DATETIME = (datetime,)


def utc_now() -> datetime:
    """The present time, aware."""
    return datetime.now(tz=timezone.utc)


def to_datetime(value: object) -> datetime:
    """An aware datetime from a msgpack timestamp, or from the ISO string of a message that Airflow migrated.

    Raises:
        ValueError: if it is neither; the message does not show the value.
    """
    if isinstance(value, str):
        # Python 3.10 parses only fractions with three or six digits.
        six_digits = re.sub(r"\.(\d+)", lambda fraction: f".{fraction[1]:0<6.6}", value.upper())
        try:
            value = datetime.fromisoformat(six_digits.replace("Z", "+00:00"))
        except ValueError:
            raise ValueError("not a date in ISO form") from None
    if not isinstance(value, datetime):
        raise ValueError(f"{type(value).__name__}, expected a date")  # noqa: TRY004 - one error for one caller
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


def check_date(value: object, name: str) -> datetime:
    """Check that Airflow can store a date.

    Args:
        value: the date.
        name: what it is, for the error.

    Raises:
        DagfloeError: if it is not an aware datetime, or its date in UTC is not in the years 1 to 9999.
    """
    if not isinstance(value, _DATETIME):
        raise DagfloeError(f"{name} needs an aware datetime, not {type(value).__name__}")
    offset = value.utcoffset()
    if offset is None:
        raise DagfloeError(f"{name} needs an aware datetime: give it a time zone")
    if not is_in_range(value):
        raise DagfloeError(f"{name} is {value.isoformat()}: in UTC, it must be in the years 1 to 9999")
    return value


def is_in_range(value: datetime) -> bool:
    """Whether an aware datetime exists in UTC: the supervisor cannot decode other ones."""
    try:
        value.replace(tzinfo=None) - (value.utcoffset() or timedelta())
    except OverflowError:
        return False
    return True


def check_duration(value: object, name: str) -> float:
    """Check a duration that Airflow adds to the present time.

    Args:
        value: the duration, as a timedelta or in seconds.
        name: what it is, for the error.

    Returns:
        The duration in seconds.

    Raises:
        DagfloeError: if it is not a number, or negative, or longer than the present time allows.
    """
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise DagfloeError(f"{name} is of type {type(value).__name__}: use a timedelta or a number of seconds")
    if not 0 <= seconds < (_END - utc_now()).total_seconds():
        raise DagfloeError(f"{name} is {seconds!r} s: use at least 0, and an end before the year 9999")
    return float(seconds)


def to_seconds(duration: timedelta | float) -> float:
    """A duration in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


def to_duration(duration: timedelta | float) -> str:
    """A duration as an ISO 8601 string, as Airflow expects it. It does not accept ten digits of seconds."""
    seconds = to_seconds(duration)
    if seconds < _MANY_SECONDS:
        return f"PT{seconds:.6f}S"
    days, rest = divmod(seconds, 86400)
    return f"P{days:.0f}DT{rest:.6f}S"
