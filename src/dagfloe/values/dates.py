"""Dates and durations in the forms that Airflow sends and accepts. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    #: Returns the present time, aware.
    Clock = Callable[[], datetime]


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


def to_seconds(duration: timedelta | float) -> float:
    """A duration in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


def to_duration(duration: timedelta | float) -> str:
    """A duration as an ISO 8601 string, as Airflow expects it."""
    return f"PT{to_seconds(duration):.6f}S"
