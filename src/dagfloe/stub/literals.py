"""Dates, durations, schedules and assets of a manifest as code of a stub Dag. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import StubError
from dagfloe.stub.source_code import array, call, literal, string_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.stub.source_code import Code

_UNITS = {"days": timedelta(days=1), "hours": timedelta(hours=1), "minutes": timedelta(minutes=1)}


def date(iso: str, zone: str | None = None) -> Code:
    """A date.

    Args:
        iso: the date in ISO form, with an offset.
        zone: the name of its time zone; by default its offset is the time zone.

    Raises:
        StubError: if it is not a date with an offset.
    """
    try:
        parsed = datetime.fromisoformat(iso)
    except ValueError as error:
        raise StubError(f"{iso!r} is not a date in ISO form: {error}") from error
    offset = parsed.utcoffset()
    if offset is None:
        raise StubError(f"the date {iso!r} has no time zone: add an offset")
    parts = [parsed.year, parsed.month, parsed.day, parsed.hour, parsed.minute, parsed.second, parsed.microsecond]
    while len(parts) > 3 and not parts[-1]:
        parts.pop()
    if zone is None and offset:
        return call("pendulum.datetime", *map(str, parts), tz=call("pendulum.timezone", str(_whole_seconds(offset))))
    return call("pendulum.datetime", *map(str, parts), tz=string_literal(zone or "UTC"))


def duration(seconds: float) -> Code:
    """A timedelta, in the largest unit that gives a whole number.

    Raises:
        StubError: if it is too long for a timedelta.
    """
    try:
        exact = timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise StubError(f"a duration of {seconds!r} seconds is too long for a timedelta") from error
    if not exact:
        return call("timedelta", "0")
    for unit, length in _UNITS.items():
        if not exact % length:
            return call("timedelta", **{unit: str(exact // length)})
    number = repr(exact.total_seconds()) if exact.microseconds else str(_whole_seconds(exact))
    return call("timedelta", seconds=number)


def schedule(declared: Any) -> Code:
    """A schedule: a preset, a cron expression, an interval, assets, or None."""
    if isinstance(declared, dict):
        return assets(declared["assets"]) if "assets" in declared else duration(declared["interval_s"])
    return literal(declared)


def assets(declared: list[Mapping[str, str]]) -> Code:
    """A list of assets, references to assets by name or URI alone, and aliases."""
    return array([_asset(asset) for asset in declared])


def _asset(declared: Mapping[str, str]) -> Code:
    if "alias" in declared:
        return call("AssetAlias", string_literal(declared["alias"]))
    arguments = {key: string_literal(declared[key]) for key in ("name", "uri") if key in declared}
    if len(arguments) == 1:
        return call("Asset.ref", **arguments)
    return call("Asset", arguments["name"]) if declared["name"] == declared["uri"] else call("Asset", **arguments)


def _whole_seconds(exact: timedelta) -> int:
    return exact // timedelta(seconds=1)
