"""Dates and spans of time, as Airflow sends and takes them. Pure."""

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
    """An aware datetime from the msgpack timestamp, or from the ISO text of a message migrated between schemas.

    Raises:
        ValueError: when it is neither; the message does not hold the value.
    """
    if isinstance(value, str):
        # Python 3.10 reads fractions of three and of six digits only.
        six_digits = re.sub(r"\.(\d+)", lambda fraction: f".{fraction[1]:0<6.6}", value.upper())
        try:
            value = datetime.fromisoformat(six_digits.replace("Z", "+00:00"))
        except ValueError:
            raise ValueError("no date in ISO form") from None
    if not isinstance(value, datetime):
        raise ValueError(f"{type(value).__name__}, expected a date")  # noqa: TRY004 - one error for one caller
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


def to_seconds(span: timedelta | float) -> float:
    """A span of time in seconds."""
    return span.total_seconds() if isinstance(span, timedelta) else float(span)


def to_duration(span: timedelta | float) -> str:
    """A span of time as the ISO 8601 text that Airflow reads."""
    return f"PT{to_seconds(span):.6f}S"
