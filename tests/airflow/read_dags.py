"""Reads a Dags folder like Airflow's Dag processor, in Airflow's Python, and prints its Dags as JSON."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import Asset, AssetAlias, AssetAll, AssetAny, BaseOperator
from airflow.sdk.coordinators.executable.coordinator import _Bundle
from airflow.sdk.definitions.asset import BaseAsset
from airflow.serialization.serialized_objects import DagSerialization

try:
    from airflow.api_fastapi.execution_api.datamodels.task_arg_binding import get_arg_bindings_adapter
except ImportError:
    get_arg_bindings_adapter = None  # Airflow 3.3 binds no arguments

_TASK_FIELDS = (
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
    "is_teardown",
    "max_active_tis_per_dag",
    "max_active_tis_per_dagrun",
    "max_retry_delay",
    "multiple_outputs",
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
    "weight_rule",
)
_DAG_FIELDS = (
    "access_control",
    "catchup",
    "dag_display_name",
    "dagrun_timeout",
    "description",
    "disable_bundle_versioning",
    "doc_md",
    "edge_info",
    "end_date",
    "fail_fast",
    "is_paused_upon_creation",
    "max_active_runs",
    "max_active_tasks",
    "max_consecutive_failed_dag_runs",
    "owner_links",
    "rerun_with_latest_version",
    "start_date",
)
_GROUP_FIELDS = ("doc_md", "group_display_name", "tooltip", "ui_color", "ui_fgcolor")


def plain(value: Any) -> Any:
    """Convert a value to JSON; timedeltas become seconds, and objects their names."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def asset(value: Any) -> dict[str, Any]:
    """Describe an asset, a reference to an asset, an alias, or a condition of these."""
    if isinstance(value, (AssetAll, AssetAny)):
        return {type(value).__name__: [asset(item) for item in value.objects]}
    if isinstance(value, AssetAlias):
        return {"alias": value.name, "group": value.group}
    names = ("name", "uri", "group", "extra") if isinstance(value, Asset) else value.__slots__ or vars(value)
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def deadline(alert: Any) -> dict[str, Any]:
    """Describe a deadline."""
    callback = alert.callback
    return {
        "reference": alert.reference.serialize_reference(),
        "interval": plain(getattr(alert.interval, "key", alert.interval)),
        "callback": {"class": type(callback).__name__, **callback.serialize()},
        "name": alert.name,
    }


def schedule(dag: Any) -> Any:
    """Describe the schedule of a Dag."""
    if isinstance(dag.schedule, (list, tuple)):
        return {"assets": [asset(item) for item in dag.schedule]}
    if isinstance(dag.schedule, BaseAsset):
        return asset(dag.schedule)
    return plain(dag.schedule)


def bindings(serialized: dict[str, Any]) -> Any:
    """The arguments that the API server sends to a serialized task, or None."""
    arguments = serialized["__var"].get("_arg_bindings")
    if not arguments or get_arg_bindings_adapter is None:
        return None
    adapter = get_arg_bindings_adapter()
    return adapter.dump_python(adapter.validate_python(arguments), mode="json")


def task(operator: Any) -> dict[str, Any]:
    """Describe a task."""
    group = operator.task_group
    more = operator.partial_kwargs if operator.is_mapped else {}
    fields: dict[str, Any] = {
        name: plain(getattr(operator, name, more.get(name, getattr(BaseOperator, name, None)))) for name in _TASK_FIELDS
    }
    fields |= {
        "group": group.group_id if group is not None else None,
        "inlets": [asset(inlet) for inlet in operator.inlets],
        "is_stub": "stub" in operator.operator_name.lower(),
        "mapped": None,
        "outlets": [asset(outlet) for outlet in operator.outlets],
        "upstream": sorted(operator.upstream_task_ids),
    }
    if operator.is_mapped:
        sources = operator.op_kwargs_expand_input.value
        fields["mapped"] = [
            {"xcom": value.operator.task_id} if hasattr(value, "operator") else {"length": len(value)}
            for value in sources.values()
        ]
    return fields


def read(folder: str, roots: list[str]) -> dict[str, Any]:
    """Describe all Dags of a folder.

    Args:
        folder: the Dags folder.
        roots: the folders in which Airflow's coordinator searches for bundle files.
    """
    bag = DagBag(dag_folder=folder)
    dags = {}
    for dag in bag.dags.values():
        serialized = {item["__var"]["task_id"]: item for item in DagSerialization.to_dict(dag)["dag"]["tasks"]}
        dags[dag.dag_id] = {
            **{name: plain(getattr(dag, name)) for name in _DAG_FIELDS},
            "allowed_run_types": dag.allowed_run_types and sorted(map(plain, dag.allowed_run_types)),
            "deadline": [deadline(alert) for alert in dag.deadline or ()],
            "groups": {
                group_id: {name: getattr(group, name) for name in _GROUP_FIELDS}
                for group_id, group in dag.task_group_dict.items()
            },
            "param_schemas": {
                name: {"description": param.description, "schema": param.schema} for name, param in dag.params.items()
            },
            "bindings": {task_id: bindings(item) for task_id, item in serialized.items()},
            "file": Path(dag.fileloc).name,
            "params": dag.params.dump(),
            "runs": str(_Bundle.find([Path(root) for root in roots], dag.dag_id).path) if roots else None,
            "schedule": schedule(dag),
            "tags": sorted(dag.tags),
            "tasks": {operator.task_id: task(operator) for operator in dag.tasks},
            "timezone": str(dag.timezone),
        }
    warnings = [warning for file_warnings in bag.captured_warnings.values() for warning in file_warnings]
    return {"dags": dags, "errors": list(bag.import_errors.values()), "warnings": warnings}


print(json.dumps(read(sys.argv[1], sys.argv[2:])), file=sys.__stdout__)
