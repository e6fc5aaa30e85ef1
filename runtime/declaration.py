"""What is declared of a Dag, as the manifest has it: the key `declaration` beside the list of its tasks. Pure.

Fields that were not declared are left out. Dates are aware ISO texts, spans are seconds.
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

#: Of longer lists that a task is mapped over only the length is told.
_MAX_VALUES = 256
_SPANS = {"dagrun_timeout", "max_retry_delay", "retry_delay"}


def describe_dag(dag: Dag) -> dict[str, Any]:
    """What is declared of a Dag.

    Args:
        dag: the Dag; its tasks are in the order of registration.
    """
    said = {name: value for name, value in dag.declared.items() if name != "default_args"}
    for name in ("start_date", "end_date"):
        if name in said:
            zone = getattr(said[name].tzinfo, "key", None)
            if zone and name == "start_date":
                said["timezone"] = zone  # the hour of a cron text is one of this zone
            said[name] = _aware(said[name]).isoformat()
    if "schedule" in said:
        said["schedule"] = _schedule(said["schedule"])
    if dag.groups:
        said["groups"] = list(dag.groups)
    upstream: dict[str, list[str]] = {task_id: [] for task_id in dag.tasks}
    for task_id in dag.tasks:
        for after in dag.downstream_of(task_id):
            upstream[after].append(task_id)
    said["tasks"] = {task_id: _task(task, upstream[task_id]) for task_id, task in dag.tasks.items()}
    return _spans_in_seconds(said)


def _task(task: Task, upstream: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = dict(task.declared)
    if task.kind != "task":
        said["kind"] = task.kind
    if task.group is not None:
        said["group"] = task.group
    if upstream:
        said["upstream"] = upstream
    if task.execution_timeout_s is not None:
        said["execution_timeout_s"] = task.execution_timeout_s
    if task.retry_policy is not None:
        said["has_retry_policy"] = True
    for name, assets in (("outlets", task.outlets), ("inlets", task.inlets)):
        if assets:
            said[name] = [_asset(each) for each in assets]
    if task.mapped is not None:
        said["mapped"] = {name: _mapped(source) for name, source in task.mapped.items()}
    return _spans_in_seconds(said)


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
    return {"assets": [_asset(each) for each in schedule]}


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _spans_in_seconds(said: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{name}_s" if name in _SPANS else name: to_seconds(value) if name in _SPANS else value
        for name, value in said.items()
    }
