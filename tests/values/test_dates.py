"""Dates and durations on the wire."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dagfloe.values.dates import to_datetime, to_duration, to_seconds

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=zones))
def test_iso_strings(when: datetime) -> None:
    """An ISO string with `Z` or an offset becomes the same point in time."""
    assert to_datetime(when.isoformat()) == when
    assert to_datetime(when) is when
    text = when.astimezone(timezone.utc).isoformat().replace("+00:00", "Z") if 2 < when.year < 9998 else None
    assert text is None or to_datetime(text) == when


@pytest.mark.parametrize("fraction", ["1", "12", "123", "1234", "123456", "123456789"])
def test_any_number_of_digits(fraction: str) -> None:
    """Fractions of a second may have any number of digits."""
    assert to_datetime(f"2026-01-02T03:04:05.{fraction}Z").microsecond == int(f"{fraction:0<6.6}")


def test_dates_without_a_zone_are_utc() -> None:
    """Dates without a time zone are in UTC."""
    assert to_datetime("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@given(st.text() | st.integers() | st.none())
def test_invalid_dates(value: object) -> None:
    """The error for an invalid date does not show it."""
    with contextlib.suppress(ValueError):  # some strings are dates
        assert to_datetime(value).tzinfo is not None
        assert isinstance(value, str)
        return
    with pytest.raises(ValueError, match=f"^(not a date in ISO form|{type(value).__name__}, expected a date)$"):
        to_datetime(value)


@given(st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_durations(span: timedelta) -> None:
    """A duration becomes an ISO 8601 string with microseconds, which Airflow's library parses."""
    assert TypeAdapter(timedelta).validate_python(to_duration(span)) == span
    assert to_duration(to_seconds(timedelta(seconds=90))) == to_duration(90) == "PT90.000000S"
