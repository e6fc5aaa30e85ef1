"""Dates, durations, schedules, assets, params and deadlines of a manifest as code of a stub Dag. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import StubError
from dagfloe.stub.source_code import MAX_DEPTH, Listing, array, attribute, call, literal, string_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.stub.source_code import Code

#: The arguments of `Param` that are not keywords of a schema.
_PARAM_ARGUMENTS = frozenset({"default", "description", "schema", "self", "source"})
_REFERENCES = {
    "dagrun_logical_date": attribute("DeadlineReference.DAGRUN_LOGICAL_DATE"),
    "dagrun_queued_at": attribute("DeadlineReference.DAGRUN_QUEUED_AT"),
}
_UNITS = {"days": timedelta(days=1), "hours": timedelta(hours=1), "minutes": timedelta(minutes=1)}


def date(iso: str, zone: str | int | None = None) -> Code:
    """A date.

    Args:
        iso: the date in ISO form, with an offset.
        zone: the name of its time zone; otherwise its offset is the time zone.

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
    if isinstance(zone, str) or not offset:
        return call("pendulum.datetime", *map(str, parts), tz=string_literal(str(zone or "UTC")))
    return call("pendulum.datetime", *map(str, parts), tz=call("pendulum.timezone", str(_whole_seconds(offset))))


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
    """A schedule: a preset, a cron expression, an interval, assets, a condition of assets, or None."""
    if not isinstance(declared, dict):
        return literal(declared)
    if "condition" in declared:
        return _condition(declared["condition"])
    return assets(declared["assets"]) if "assets" in declared else duration(declared["interval_s"])


def assets(declared: list[Mapping[str, Any]]) -> Code:
    """A list of assets, references to assets by name or URI alone, and aliases."""
    return array([_asset(asset) for asset in declared])


def params(defaults: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> Code:
    """The params of a Dag.

    Args:
        defaults: the defaults, by name.
        schemas: the schemas and descriptions of those that have one, by name.
    """
    items = [
        (f"{string_literal(name)}: ", _param(name, defaults, schemas[name]) if name in schemas else literal(default))
        for name, default in sorted((dict.fromkeys(schemas) | dict(defaults)).items())
    ]
    return Listing("{", tuple(items), "}")


def deadlines(declared: list[Mapping[str, Any]], *, has_queues: bool) -> Code:
    """The deadlines of a Dag.

    Args:
        declared: the deadlines.
        has_queues: whether Airflow's triggerers have queues, as from Airflow 3.4 on.

    Raises:
        StubError: if a deadline names a queue, and triggerers have none.
    """
    alerts: list[Code] = [_deadline(deadline, has_queues=has_queues) for deadline in declared]
    return alerts[0] if len(alerts) == 1 else array(alerts)


def _asset(declared: Mapping[str, Any]) -> Code:
    more: dict[str, Code] = {key: literal(declared[key]) for key in ("group", "extra") if key in declared}
    if "alias" in declared:
        return call("AssetAlias", string_literal(declared["alias"]), **more)
    arguments: dict[str, Code] = {key: string_literal(declared[key]) for key in ("name", "uri") if key in declared}
    if len(arguments) == 1:
        return call("Asset.ref", **arguments)
    if declared["name"] == declared["uri"]:
        return call("Asset", arguments["name"], **more)
    return call("Asset", **arguments, **more)


def _condition(declared: Mapping[str, Any], depth: int = 0) -> Code:
    if depth > MAX_DEPTH:
        raise StubError(f"a condition of assets is nested deeper than {MAX_DEPTH} levels")
    for key, name in (("all", "AssetAll"), ("any", "AssetAny")):
        if key in declared:
            return call(name, *(_condition(part, depth + 1) for part in declared[key]))
    return _asset(declared)


def _param(name: str, defaults: Mapping[str, Any], declared: Mapping[str, Any]) -> Code:
    schema = declared["schema"]
    arguments: dict[str, Code] = {}
    if "description" in declared:
        arguments["description"] = literal(declared["description"])
    is_plain = all(key.isascii() and key.isidentifier() and not iskeyword(key) for key in schema)
    if is_plain and _PARAM_ARGUMENTS.isdisjoint(schema):
        arguments |= {key: literal(value) for key, value in sorted(schema.items())}
    else:
        arguments["schema"] = literal(schema)
    return call("Param", *([literal(defaults[name])] if name in defaults else []), **arguments)


def _deadline(declared: Mapping[str, Any], *, has_queues: bool) -> Code:
    if "queue" in declared and not has_queues:
        raise StubError(
            f"the callback {declared['callback']!r} of a deadline has a queue, which needs Airflow 3.4: set airflow = "
            '"3.4" in [tool.dagfloe], or remove the queue'
        )
    callback = {key: literal(declared[key]) for key in ("kwargs", "queue", "executor") if key in declared}
    name = "SyncCallback" if "is_sync" in declared else "AsyncCallback"
    return call(
        "DeadlineAlert",
        reference=_reference(declared["reference"]),
        interval=_interval(declared),
        callback=call(name, string_literal(declared["callback"]), **callback),
        **({"name": literal(declared["name"])} if "name" in declared else {}),
    )


def _reference(declared: Any) -> Code:
    if isinstance(declared, str):
        return _REFERENCES[declared]
    if "fixed_datetime" in declared:
        return call("DeadlineReference.FIXED_DATETIME", date(declared["fixed_datetime"]))
    numbers = {key: str(declared["average_runtime"][key]) for key in ("max_runs", "min_runs")}
    return call("DeadlineReference.AVERAGE_RUNTIME", **numbers)


def _interval(declared: Mapping[str, Any]) -> Code:
    if "interval_variable" in declared:
        return call("VariableInterval", string_literal(declared["interval_variable"]))
    return duration(declared["interval_s"])


def _whole_seconds(exact: timedelta) -> int:
    return exact // timedelta(seconds=1)
