"""What a manifest declares, as code of a stub Dag: moments, spans, schedules, assets. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import StubError
from dagfloe.stub.source_code import array, call, literal, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.stub.source_code import Code

_UNITS = {"days": timedelta(days=1), "hours": timedelta(hours=1), "minutes": timedelta(minutes=1)}


def moment(iso: str, zone: str | None = None) -> Code:
    """A moment, in the zone of a name when there is one, else with the offset that it is written with.

    Raises:
        StubError: when it is no aware date.
    """
    try:
        parsed = datetime.fromisoformat(iso)
    except ValueError as error:
        raise StubError(f"{iso!r} is no date: {error}") from error
    offset = parsed.utcoffset()
    if offset is None:
        raise StubError(f"{iso!r} has no time zone")
    parts = [parsed.year, parsed.month, parsed.day, parsed.hour, parsed.minute, parsed.second, parsed.microsecond]
    while len(parts) > 3 and not parts[-1]:
        parts.pop()
    if zone is None and offset:
        return call("pendulum.datetime", *map(str, parts), tz=call("pendulum.timezone", str(_whole(offset))))
    return call("pendulum.datetime", *map(str, parts), tz=text(zone or "UTC"))


def span(seconds: float) -> Code:
    """A timedelta, in the largest unit that it is a whole number of.

    Raises:
        StubError: when it is longer than a timedelta can be.
    """
    try:
        exact = timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise StubError(f"a span of {seconds!r} seconds is too long") from error
    if not exact:
        return call("timedelta", "0")
    for unit, one in _UNITS.items():
        if not exact % one:
            return call("timedelta", **{unit: str(exact // one)})
    return call("timedelta", seconds=str(_whole(exact)) if not exact.microseconds else repr(exact.total_seconds()))


def schedule(declared: Any) -> Code:
    """A schedule; None where none is declared."""
    if isinstance(declared, dict):
        return assets(declared["assets"]) if "assets" in declared else span(declared["interval_s"])
    return literal(declared)


def assets(declared: list[Mapping[str, str]]) -> Code:
    """Assets, references to them by name or URI alone, and aliases."""
    return array([_asset(each) for each in declared])


def _asset(declared: Mapping[str, str]) -> Code:
    if "alias" in declared:
        return call("AssetAlias", text(declared["alias"]))
    known = {key: text(declared[key]) for key in ("name", "uri") if key in declared}
    if len(known) == 1:
        return call("Asset.ref", **known)
    return call("Asset", known["name"]) if declared["name"] == declared["uri"] else call("Asset", **known)


def _whole(exact: timedelta) -> int:
    return exact // timedelta(seconds=1)
