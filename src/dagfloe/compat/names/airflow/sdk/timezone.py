"""Airflow's functions for datetimes."""

from dagfloe.compat.timezone import (
    coerce_datetime,
    convert_to_utc,
    datetime,
    from_timestamp,
    is_localized,
    is_naive,
    make_aware,
    make_naive,
    parse,
    utc,
    utcnow,
)

__all__ = [
    "coerce_datetime",
    "convert_to_utc",
    "datetime",
    "from_timestamp",
    "is_localized",
    "is_naive",
    "make_aware",
    "make_naive",
    "parse",
    "utc",
    "utcnow",
]
