"""Describes what a bundle declares about a Dag, for the manifest's key `declaration`. Pure.

Fields that the Dag does not declare are left out. Dates are aware ISO strings, durations are seconds.
"""

from __future__ import annotations

from datetime import timezone

from dagfloe.authoring.graph import XComArg
from dagfloe.errors import DagfloeError
from dagfloe.model.assets import Asset, AssetAlias
from dagfloe.values.dates import to_seconds
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from dagfloe.authoring.dag import Dag, Task
    from dagfloe.authoring.options import Outlet

#: If a task is mapped over more values than this, the manifest holds only their number.
_MAX_VALUES = 256
_DURATIONS = {"dagrun_timeout", "max_retry_delay", "retry_delay"}


def describe_dag(dag: Dag) -> dict[str, Any]:
    """Describe a Dag.

    Args:
        dag: the Dag; its tasks are listed in the order of registration.
    """
    fields = {name: value for name, value in dag.declared.items() if name != "default_args"}
    for name in ("start_date", "end_date"):
        if name in fields:
            zone = getattr(fields[name].tzinfo, "key", None)
            if zone and name == "start_date":
                fields["timezone"] = zone  # a cron schedule's hours are in this zone
            fields[name] = _aware(fields[name]).isoformat()
    if "schedule" in fields:
        fields["schedule"] = _schedule(fields["schedule"])
    if dag.groups:
        fields["groups"] = list(dag.groups)
    upstream: dict[str, list[str]] = {task_id: [] for task_id in dag.tasks}
    for task_id in dag.tasks:
        for downstream in dag.downstream_of(task_id):
            upstream[downstream].append(task_id)
    fields["tasks"] = {task_id: _task(task, upstream[task_id]) for task_id, task in dag.tasks.items()}
    return _in_seconds(fields)


def _task(task: Task, upstream: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = dict(task.declared)
    if task.kind != "task":
        fields["kind"] = task.kind
    if task.group is not None:
        fields["group"] = task.group
    if upstream:
        fields["upstream"] = upstream
    if task.execution_timeout_s is not None:
        fields["execution_timeout_s"] = task.execution_timeout_s
    if task.retry_policy is not None:
        fields["has_retry_policy"] = True
    for name, assets in (("outlets", task.outlets), ("inlets", task.inlets)):
        if assets:
            fields[name] = [_asset(asset) for asset in assets]
    if task.mapped is not None:
        fields["mapped"] = {name: _mapped(source) for name, source in task.mapped.items()}
    return _in_seconds(fields)


def _mapped(source: Any) -> dict[str, Any]:
    if isinstance(source, XComArg):
        return {"xcom": source.task_id}
    values = list(source) if isinstance(source, tuple) else source
    try:
        check_jsonable(values)
    except DagfloeError:
        return {"length": len(values)}
    return {"values": values} if len(values) <= _MAX_VALUES else {"length": len(values)}


def _asset(asset: Outlet) -> dict[str, str]:
    if isinstance(asset, Asset):
        return {"name": asset.name, "uri": asset.uri}
    if isinstance(asset, AssetAlias):
        return {"alias": asset.name}
    return {"name": asset.name} if asset.name else {"uri": str(asset.uri)}


def _schedule(schedule: Any) -> Any:
    if isinstance(schedule, str):
        return schedule
    if hasattr(schedule, "total_seconds"):
        return {"interval_s": schedule.total_seconds()}
    return {"assets": [_asset(asset) for asset in schedule]}


def _aware(date: datetime) -> datetime:
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _in_seconds(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{name}_s" if name in _DURATIONS else name: to_seconds(value) if name in _DURATIONS else value
        for name, value in fields.items()
    }
