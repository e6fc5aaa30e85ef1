"""A Dag run as plain data, all secrets masked: what the HTML page is made of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.local.display import exception_lines, value_text
from dagfloe.local.schedule.task_instances import UNMAPPED

if TYPE_CHECKING:
    from datetime import datetime

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.dag_run import DagResult
    from dagfloe.local.schedule.manifest_graph import TaskNode
    from dagfloe.local.schedule.task_instances import Instance, Try
    from dagfloe.local.store.store import Store


def run_data(result: DagResult, store: Store, bundle: str) -> dict[str, Any]:
    """Everything about a Dag run.

    Args:
        result: what became of it.
        store: holds the XComs, and knows what is secret.
        bundle: what to call the bundle.
    """
    return {
        "dag_id": result.graph.dag_id,
        "run_id": result.run_id,
        "state": result.state,
        "bundle": bundle,
        "began": result.began.isoformat(),
        "seconds": result.seconds,
        "jobs": result.jobs,
        "tasks": [_task(node) for node in result.graph.tasks.values()],
        "instances": [_instance(each, result, store) for each in result.instances],
    }


def _task(node: TaskNode) -> dict[str, Any]:
    return {
        "task_id": node.task_id,
        "kind": node.kind,
        "group": node.group,
        "upstream": list(node.upstream),
        "trigger_rule": node.trigger_rule,
        "is_mapped": node.mapped is not None,
    }


def _instance(instance: Instance, result: DagResult, store: Store) -> dict[str, Any]:
    mask = store.secrets.mask
    place = (result.graph.dag_id, result.run_id, instance.task.task_id, instance.map_index)
    return {
        "task_id": instance.task.task_id,
        "map_index": instance.map_index,
        "label": None if instance.map_index == UNMAPPED or instance.label is None else mask(instance.label),
        "state": instance.state,
        "error": None if instance.note is None else mask(instance.note),
        "tries": [_try(each, result.began, store) for each in instance.tries],
        "xcoms": {key.key: mask(value_text(value)) for key, value in store.xcoms.items() if key[:4] == place},
    }


def _try(each: Try, began: datetime, store: Store) -> dict[str, Any]:
    result = each.result
    error = None if result is None else result.broken or result.error
    return {
        "try_number": each.try_number,
        "state": each.state,
        "began_s": (each.began - began).total_seconds(),
        "seconds": 0.0 if result is None else result.seconds,
        "error": None if error is None else store.secrets.mask(error),
        "records": [] if result is None else [_record(record) for record in result.records],
    }


def _record(record: LogRecord) -> dict[str, Any]:
    lines = list(exception_lines(record.fields.get("error_detail")))
    fields = {name: value_text(value) for name, value in record.fields.items() if name != "error_detail"}
    return {
        "time": record.timestamp.isoformat(),
        "level": record.level,
        "logger": record.logger,
        "event": record.event,
        "fields": fields,
        "exception": "\n".join(lines) if lines else None,
    }
