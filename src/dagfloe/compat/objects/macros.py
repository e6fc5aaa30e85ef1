"""Airflow's macros: what `macros` has in the context and in templates."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "datetime",
    "datetime_diff_for_humans",
    "ds_add",
    "ds_format",
    "ds_format_locale",
    "time",
    "timedelta",
]


def ds_add(ds: str, days: int) -> str:
    """A day some days later, or earlier for a negative number.

    Args:
        ds: the day, as `YYYY-MM-DD`.
        days: the number of days.
    """
    if not days:
        return str(ds)
    return (datetime.strptime(str(ds), "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")  # noqa: DTZ007 - a day


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A date in another format.

    Args:
        ds: the date.
        input_format: its format, for `strptime`.
        output_format: the other one, for `strftime`.
    """
    return datetime.strptime(str(ds), input_format).strftime(output_format)  # noqa: DTZ007 - a string becomes another


def datetime_diff_for_humans(dt: datetime, since: datetime | None = None) -> str:
    """The time between two datetimes in words. Needs pendulum among the dependencies of the project.

    Args:
        dt: one datetime.
        since: the other one; now by default.
    """
    import pendulum  # noqa: PLC0415 - few projects have it

    words: str = pendulum.instance(dt).diff_for_humans(since)
    return words


def ds_format_locale(ds: str, input_format: str, output_format: str, locale: Any = None) -> str:
    """A date in a format of Babel's. Needs babel among the dependencies of the project.

    Args:
        ds: the date.
        input_format: its format, for `strptime`.
        output_format: Babel's format.
        locale: the locale; that of the environment by default.
    """
    from babel import Locale  # noqa: PLC0415 - few projects have it
    from babel.dates import LC_TIME, format_datetime  # noqa: PLC0415 - as above

    date = datetime.strptime(str(ds), input_format)  # noqa: DTZ007 - a string becomes another
    words: str = format_datetime(date, format=output_format, locale=locale or LC_TIME or Locale("en_US"))
    return words


def __getattr__(name: str) -> object:
    """The modules that few tasks need; the last two are there if the project requires them."""
    value: object
    if name == "json":
        import json as value  # noqa: PLC0415
    elif name == "uuid":
        import uuid as value  # noqa: PLC0415
    elif name == "random":
        from random import random as value  # noqa: PLC0415
    elif name in ("dateutil", "yaml"):
        value = __import__(name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return value
