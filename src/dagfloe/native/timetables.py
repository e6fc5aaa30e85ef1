"""Schedules and deadlines in Airflow's serialized form. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.native.assets import condition, needs_several_events
from dagfloe.native.encoding import duration, timestamp, typed

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The cron expressions of Airflow's presets.
CRON_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
CONTINUOUS = "@continuous"
ONCE = "@once"
_TIMETABLES = "airflow.timetables"
_SDK = "airflow.sdk.definitions"
_REFERENCES = {"dagrun_logical_date": "DagRunLogicalDateDeadline", "dagrun_queued_at": "DagRunQueuedAtDeadline"}


def timezone(declared: Mapping[str, Any]) -> str | int:
    """The time zone of a Dag: the name that it declares, or the offset of its start date in seconds."""
    zone: str | int = declared.get("timezone", "UTC")
    return zone or "UTC"  # Airflow writes an offset of 0 so, too


def timetable(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The timetable of a Dag.

    Args:
        declared: the declaration of the Dag.
    """
    schedule = declared.get("schedule")
    if schedule is None:
        return typed(f"{_TIMETABLES}.simple.NullTimetable", {})
    if schedule in (ONCE, CONTINUOUS):
        return typed(f"{_TIMETABLES}.simple.{'Once' if schedule == ONCE else 'Continuous'}Timetable", {})
    if isinstance(schedule, str):
        fields: dict[str, Any] = {
            "expression": CRON_PRESETS.get(schedule, schedule),
            "timezone": timezone(declared),
            "interval": 0.0,
            "run_immediately": False,
        }
        return typed(f"{_TIMETABLES}.trigger.CronTriggerTimetable", fields)
    if "interval_s" in schedule:
        fields = {"delta": duration(schedule["interval_s"]), "interval": 0.0}
        return typed(f"{_TIMETABLES}.trigger.DeltaTriggerTimetable", fields)
    stated = schedule_condition(schedule)
    fields = {"asset_condition": condition(stated), "batch_asset_events": needs_several_events(stated)}
    return typed(f"{_TIMETABLES}.simple.AssetTriggeredTimetable", fields)


def schedule_condition(schedule: Mapping[str, Any]) -> Mapping[str, Any]:
    """The condition of a schedule of assets; a list of assets means all of them."""
    stated: Mapping[str, Any] = schedule["condition"] if "condition" in schedule else {"all": schedule["assets"]}
    return stated


def deadline(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A deadline. Its values are in the form of Airflow's module `serde`."""
    if "interval_variable" in declared:
        interval = _instance(f"{_SDK}.deadline.VariableInterval", {"key": declared["interval_variable"]})
    else:
        interval = _instance("datetime.timedelta", duration(declared["interval_s"]), version=2)
    callback: dict[str, Any] = {"path": declared["callback"], "kwargs": declared.get("kwargs", {})}
    if declared.get("is_sync"):
        callback["executor"] = declared.get("executor")
    else:
        callback["queue"] = declared.get("queue")
    kind = "SyncCallback" if declared.get("is_sync") else "AsyncCallback"
    return {
        "name": declared.get("name"),
        "reference": _reference(declared["reference"]),
        "interval": interval,
        "callback": _instance(f"{_SDK}.callback.{kind}", callback),
    }


def _instance(name: str, data: Any, *, version: int = 0) -> dict[str, Any]:
    return {"__classname__": name, "__version__": version, "__data__": data}


def _reference(declared: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(declared, str):
        return {"reference_type": _REFERENCES[declared]}
    if "fixed_datetime" in declared:
        return {"reference_type": "FixedDatetimeDeadline", "datetime": timestamp(declared["fixed_datetime"])}
    return {"reference_type": "AverageRuntimeDeadline", **declared["average_runtime"]}
