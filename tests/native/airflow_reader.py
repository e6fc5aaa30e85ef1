"""Serializes and deserializes Dags with Airflow's own code, in Airflow's Python: JSON lines go in and out."""

from __future__ import annotations

import json
import linecache
import os
import sys
import tempfile
import warnings
from datetime import datetime, timedelta
from typing import Any, TextIO

ANSWERS: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # Airflow writes log lines to the standard output
HOME = tempfile.TemporaryDirectory()
os.environ |= {"AIRFLOW_HOME": HOME.name, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
warnings.simplefilter("ignore")

from airflow.sdk import DAG  # noqa: E402
from airflow.serialization.decoders import decode_deadline_alert  # noqa: E402
from airflow.serialization.definitions.notset import is_arg_set  # noqa: E402
from airflow.serialization.serialized_objects import BaseSerialization, DagSerialization  # noqa: E402
from airflow.task.priority_strategy import get_weight_rule_from_priority_weight_strategy  # noqa: E402
from airflow_dags import make_dag  # noqa: E402


def serialize(source: str) -> dict[str, Any]:
    """The serialized forms of the Dags of a Python file, by dag_id."""
    name = f"{HOME.name}/dag_file.py"
    # Airflow looks at the source of stubs.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "dag_file", "__file__": name}
    exec(compile(source, name, "exec"), scope)  # noqa: S102 - a Dag file of the tests
    dags = [value for value in scope.values() if isinstance(value, DAG)]
    for dag in dags:
        dag.validate()
        dag.check_cycle()
    return {dag.dag_id: DagSerialization.to_dict(dag) for dag in dags}


def make(declared: dict[str, Any]) -> dict[str, Any]:
    """The serialized form of the Dag that Airflow's own classes make of a declaration."""
    dag = make_dag(declared["dag_id"], declared)
    dag.validate()
    dag.check_cycle()
    return DagSerialization.to_dict(dag)


def deserialize(data: dict[str, Any]) -> dict[str, Any]:
    """Read a serialized Dag like Airflow's Dag processor, and describe the Dag that Airflow then has."""
    DagSerialization.fill_config_defaults(data)
    dag = DagSerialization.validate_serialized_dag(data)
    dag.timetable.validate()
    if dag.timetable.can_be_scheduled:
        dag.next_dagrun_info(last_automated_run_info=None)
    return describe(dag)


def describe(dag: Any) -> dict[str, Any]:
    """A deserialized Dag in the words of a declaration, with all defaults."""
    return {
        "access_control": plain(dag.access_control),
        "allowed_run_types": sorted(kind.value for kind in dag.allowed_run_types or ()),
        "catchup": dag.catchup,
        "dag_display_name": dag.dag_display_name,
        "dag_id": dag.dag_id,
        "dagrun_timeout_s": plain(dag.dagrun_timeout),
        "deadline": [deadline(decode_deadline_alert(item)) for item in dag.deadline or ()],
        "description": dag.description,
        "disable_bundle_versioning": dag.disable_bundle_versioning,
        "doc_md": dag.doc_md,
        "edge_labels": {
            upstream: {downstream: info["label"] for downstream, info in edges.items()}
            for upstream, edges in dag.edge_info.items()
        },
        "end_date": plain(dag.end_date),
        "fail_fast": dag.fail_fast,
        "groups": group(dag.task_group),
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
        "owner_links": dag.owner_links or {},
        "params": params(dag.params),
        "rerun_with_latest_version": dag.rerun_with_latest_version,
        "schedule": timetable(dag.timetable),
        "start_date": plain(dag.start_date),
        "tags": sorted(dag.tags or ()),
        "tasks": {operator.task_id: task(operator) for operator in dag.tasks},
        "timezone": zone(dag.timezone),
    }


def plain(value: Any) -> Any:
    """A value as JSON: dates as seconds since the epoch, durations as seconds, sets as sorted lists."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def zone(value: Any) -> str | int:
    """A time zone: its name, or its offset in seconds."""
    name: str = value.name
    offset: int | None = getattr(value, "offset", None)
    return name if offset is None or name == "UTC" else offset


def timetable(value: Any) -> Any:
    """A timetable as the schedule of a declaration."""
    name = type(value).__name__
    if name == "CronTriggerTimetable":
        return {"cron": value._expression, "timezone": zone(value._timezone)}
    if name == "DeltaTriggerTimetable":
        return {"interval_s": value._delta.total_seconds()}
    if name == "AssetTriggeredTimetable":
        return {"condition": asset(value.asset_condition)}
    return {"NullTimetable": None, "OnceTimetable": "@once", "ContinuousTimetable": "@continuous"}[name]


def asset(value: Any) -> dict[str, Any]:
    """An asset, a reference, an alias or a condition. Those of mapped tasks stay encoded until Airflow needs them."""
    if isinstance(value, dict):
        value = BaseSerialization.deserialize(value)
    name = type(value).__name__.removeprefix("Serialized")
    if name in ("AssetAll", "AssetAny"):
        return {name.removeprefix("Asset").lower(): [asset(item) for item in value.objects]}
    if name == "AssetAlias":
        return {"alias": value.name, "group": value.group}
    if name == "Asset":
        return {"name": value.name, "uri": value.uri, "group": value.group, "extra": value.extra}
    return {"name": value.name} if name == "AssetNameRef" else {"uri": value.uri}


def deadline(value: Any) -> dict[str, Any]:
    """A deadline."""
    reference = value.reference.serialize_reference()
    callback = value.callback
    return {
        "callback": callback.path,
        "executor": getattr(callback, "executor", None),
        "interval": plain(value.interval)
        if isinstance(value.interval, timedelta)
        else {"variable": value.interval.key},
        "is_sync": type(callback).__name__ == "SyncCallback",
        "kwargs": callback.kwargs,
        "name": value.name,
        "queue": getattr(callback, "queue", None),
        "reference": reference,
    }


def params(values: Any) -> dict[str, Any]:
    """The params of a Dag or a task, in their order."""
    return {
        name: {
            "default": {"value": plain(param.value)} if is_arg_set(param.value) else None,
            "description": param.description,
            "schema": param.schema,
            "source": param.source,
        }
        for name, param in values.items()
    }


def group(value: Any) -> dict[str, Any]:
    """A task group with its groups."""
    return {
        "children": {
            child_id: group(child) if hasattr(child, "children") else "task"
            for child_id, child in value.children.items()
        },
        "edges": sorted(
            [
                *value.upstream_group_ids,
                *value.downstream_group_ids,
                *value.upstream_task_ids,
                *value.downstream_task_ids,
            ]
        ),
        "group_id": value.group_id,
        **{
            name: getattr(value, name) for name in ("doc_md", "group_display_name", "tooltip", "ui_color", "ui_fgcolor")
        },
    }


GROUP_EDGES = ("upstream_group_ids", "downstream_group_ids", "upstream_task_ids", "downstream_task_ids")
GROUP_FIELDS = ("doc_md", "group_display_name", "tooltip", "ui_color", "ui_fgcolor")
TASK_FIELDS = (
    "depends_on_past",
    "do_xcom_push",
    "doc",
    "doc_json",
    "doc_md",
    "doc_rst",
    "doc_yaml",
    "end_date",
    "execution_timeout",
    "executor",
    "executor_config",
    "ignore_first_depends_on_past",
    "is_setup",
    "is_stub",
    "is_teardown",
    "max_active_tis_per_dag",
    "max_active_tis_per_dagrun",
    "max_retry_delay",
    "on_failure_fail_dagrun",
    "owner",
    "pool",
    "pool_slots",
    "priority_weight",
    "queue",
    "retries",
    "retry_delay",
    "retry_exponential_backoff",
    "start_date",
    "task_display_name",
    "trigger_rule",
    "wait_for_downstream",
    "wait_for_past_depends_before_skipping",
)


def option(operator: Any, name: str) -> Any:
    """An option of a task. Airflow's mapped tasks have no attributes for some options."""
    if operator.is_mapped and not hasattr(operator, name):
        defaults = {"do_xcom_push": True, "wait_for_past_depends_before_skipping": False}
        return operator.partial_kwargs.get(name, defaults.get(name))
    return getattr(operator, name)


def task(operator: Any) -> dict[str, Any]:
    """A task."""
    mapped = None
    if operator.is_mapped:
        mapped = {
            name: {"xcom": value.operator.task_id, "key": value.key}
            if hasattr(value, "operator")
            else {"values": value}
            for name, value in operator._get_specified_expand_input().value.items()
        }
    return {
        **{name: plain(option(operator, name)) for name in TASK_FIELDS},
        "arguments": operator._arg_bindings or [],
        "can_skip_downstream": bool(operator.inherits_from_skipmixin),
        "downstream": sorted(operator.downstream_task_ids),
        "group": operator.task_group.group_id,
        "inlets": [asset(inlet) for inlet in operator.inlets],
        "mapped": mapped,
        "multiple_outputs": None if mapped else operator.multiple_outputs,
        "needs_expansion": operator.get_needs_expansion(),
        "outlets": [asset(outlet) for outlet in operator.outlets],
        "params": params(operator.params),
        "upstream": sorted(operator.upstream_task_ids),
        "weight_rule": get_weight_rule_from_priority_weight_strategy(type(operator.weight_rule)).value,
    }


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request with a Dag: as `python`, the source of a file, as `declared`, or as `serialized`."""
    answers: dict[str, Any] = {}
    for name, function in (("python", serialize), ("declared", make), ("serialized", deserialize)):
        if name in request:
            try:
                answers[name] = function(request[name])
            except Exception as error:  # noqa: BLE001 - the answer says it
                cause = error.__cause__ or error
                answers[f"{name}_error"] = f"{type(error).__name__}: {error} ({type(cause).__name__}: {cause})"
    return answers


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=ANSWERS, flush=True)
