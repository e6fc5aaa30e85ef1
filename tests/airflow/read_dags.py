"""Reads a Dags folder like Airflow's Dag processor, in Airflow's Python, and prints its Dags as JSON."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import Asset, AssetAlias
from airflow.sdk.coordinators.executable.coordinator import _Bundle
from airflow.serialization.serialized_objects import DagSerialization

_TASK_FIELDS = (
    "depends_on_past",
    "doc_md",
    "execution_timeout",
    "max_retry_delay",
    "owner",
    "pool",
    "pool_slots",
    "priority_weight",
    "queue",
    "retries",
    "retry_delay",
    "retry_exponential_backoff",
    "trigger_rule",
)
_DAG_FIELDS = ("catchup", "dagrun_timeout", "description", "doc_md", "max_active_runs", "max_active_tasks")


def plain(value: Any) -> Any:
    """Convert a value to JSON; timedeltas become seconds."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def asset(value: Any) -> dict[str, str]:
    """Describe an asset, a reference to an asset, or an alias."""
    if isinstance(value, AssetAlias):
        return {"alias": value.name}
    names = ("name", "uri") if isinstance(value, Asset) else value.__slots__ or vars(value)
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def schedule(dag: Any) -> Any:
    """Describe the schedule of a Dag."""
    if isinstance(dag.schedule, (list, tuple)):
        return {"assets": [asset(item) for item in dag.schedule]}
    return plain(dag.schedule)


def task(operator: Any) -> dict[str, Any]:
    """Describe a task."""
    group = operator.task_group
    fields: dict[str, Any] = {name: plain(getattr(operator, name)) for name in _TASK_FIELDS}
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
        DagSerialization.to_dict(dag)
        dags[dag.dag_id] = {
            **{name: plain(getattr(dag, name)) for name in _DAG_FIELDS},
            "end_date": dag.end_date and dag.end_date.isoformat(),
            "params": dag.params.dump(),
            "runs": str(_Bundle.find([Path(root) for root in roots], dag.dag_id).path) if roots else None,
            "schedule": schedule(dag),
            "start_date": dag.start_date and dag.start_date.isoformat(),
            "tags": sorted(dag.tags),
            "tasks": {operator.task_id: task(operator) for operator in dag.tasks},
            "timezone": str(dag.timezone),
        }
    warnings = [warning for file_warnings in bag.captured_warnings.values() for warning in file_warnings]
    return {"dags": dags, "errors": list(bag.import_errors.values()), "warnings": warnings}


print(json.dumps(read(sys.argv[1], sys.argv[2:])), file=sys.__stdout__)
