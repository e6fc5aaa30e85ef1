"""Describes what a bundle declares about a Dag, for the manifest's key `declaration`. Pure.

Fields that the Dag does not declare are left out. Dates are aware ISO strings, durations are seconds.
"""

from __future__ import annotations

from datetime import timezone

from dagfloe.authoring.references import OutsideXCom, XComArg
from dagfloe.errors import DagfloeError
from dagfloe.model.asset_conditions import AssetAll, AssetCondition
from dagfloe.model.assets import DEFAULT_GROUP, Asset, AssetAlias
from dagfloe.runtime.declared_arguments import describe_arguments
from dagfloe.values.dates import to_seconds
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from dagfloe.authoring.dag import Dag, Task

#: If a task is mapped over more values than this, the manifest holds only their number.
_MAX_VALUES = 256
_DURATIONS = {"dagrun_timeout", "max_retry_delay", "retry_delay"}
_DATES = {"end_date", "start_date"}


def describe_dag(dag: Dag) -> dict[str, Any]:
    """Describe a Dag.

    Args:
        dag: the Dag; its tasks are listed in the order of registration.

    Raises:
        RegistrationError: if a task right after a setup has a trigger rule that Airflow refuses there.
    """
    dag.check_setups()
    fields = {name: value for name, value in dag.declared.items() if name != "default_args"}
    if "start_date" in fields:
        zone = _zone(fields["start_date"])
        if zone:
            fields["timezone"] = zone  # a cron schedule's hours are in this zone
    if "schedule" in fields:
        fields["schedule"] = _schedule(fields["schedule"])
    if "deadline" in fields:
        fields["deadline"] = [alert.describe() for alert in fields["deadline"]]
    if dag.groups:
        fields["groups"] = list(dag.groups)
    group_options = {group_id: group.declared for group_id, group in dag.groups.items() if group.declared}
    if group_options:
        fields["group_options"] = group_options
    if dag.edge_labels:
        fields["edge_labels"] = dag.edge_labels
    upstream: dict[str, list[str]] = {task_id: [] for task_id in dag.tasks}
    for task_id in dag.tasks:
        for downstream in dag.downstream_of(task_id):
            upstream[downstream].append(task_id)
    fields["tasks"] = {task_id: _task(task, upstream[task_id]) for task_id, task in dag.tasks.items()}
    return _plain(fields)


def _task(task: Task, upstream: list[str]) -> dict[str, Any]:
    fields = {
        "kind": None if task.kind == "task" else task.kind,
        "group": task.group,
        "upstream": upstream,
        "execution_timeout_s": task.execution_timeout_s,
        "has_retry_policy": task.retry_policy is not None,
        "multiple_outputs": task.multiple_outputs,
        "on_failure_fail_dagrun": task.on_failure_fail_dagrun,
        "outlets": [_asset(asset) for asset in task.outlets],
        "inlets": [_asset(asset) for asset in task.inlets],
        "mapped": {name: _mapped(source) for name, source in (task.mapped or {}).items()},
        "arguments": describe_arguments(task),
    }
    return {**_plain(task.declared), **{name: value for name, value in fields.items() if value}}


def _mapped(source: Any) -> dict[str, Any]:
    if isinstance(source, (OutsideXCom, XComArg)):
        return {"xcom": source.task_id}
    values = list(source) if isinstance(source, tuple) else source
    try:
        check_jsonable(values)
    except DagfloeError:
        return {"length": len(values)}
    return {"values": values} if len(values) <= _MAX_VALUES else {"length": len(values)}


def _asset(asset: Any) -> dict[str, Any]:
    if isinstance(asset, AssetAlias):
        return {"alias": asset.name, **_group(asset.group)}
    if isinstance(asset, Asset):
        fields: dict[str, Any] = {"name": asset.name, "uri": asset.uri, **_group(asset.group)}
        return {**fields, "extra": asset.extra} if asset.extra else fields
    return {"name": asset.name} if asset.name else {"uri": str(asset.uri)}


def _group(group: str) -> dict[str, str]:
    return {} if group == DEFAULT_GROUP else {"group": group}


def _schedule(schedule: Any) -> Any:
    if isinstance(schedule, str):
        return schedule
    if hasattr(schedule, "total_seconds"):
        return {"interval_s": schedule.total_seconds()}
    if not isinstance(schedule, (list, tuple)):
        return {"condition": _condition(schedule)}
    if any(isinstance(asset, AssetCondition) for asset in schedule):
        return {"condition": _condition(AssetAll(*schedule))}
    return {"assets": [_asset(asset) for asset in schedule]}


def _condition(condition: Any) -> dict[str, Any]:
    if not isinstance(condition, AssetCondition):
        return _asset(condition)
    key = "all" if isinstance(condition, AssetAll) else "any"
    return {key: [_condition(item) for item in condition.objects]}


def _zone(date: datetime) -> str | int | None:
    """The name of a date's time zone, or its offset in seconds; None for UTC. As Airflow reads zones of any library."""
    zone = date.tzinfo
    name = getattr(zone, "key", None) or (getattr(zone, "zone", None) if hasattr(zone, "localize") else None)
    offset = date.utcoffset()
    return name or (int(offset.total_seconds()) if offset else None)


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with durations in seconds and dates as strings."""
    plain: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _DURATIONS:
            plain[f"{name}_s"] = to_seconds(value)
        elif name in _DATES:
            plain[name] = (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).isoformat()
        else:
            plain[name] = value
    return plain
