"""A Dag run as plain data without secrets: the input of the HTML page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.local.display import format_exception, format_value
from dagfloe.local.schedule.instances import UNMAPPED

if TYPE_CHECKING:
    from datetime import datetime

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.dag_result import DagResult
    from dagfloe.local.schedule.instances import Instance, Try
    from dagfloe.local.schedule.manifest_graph import TaskNode
    from dagfloe.local.store.store import Store


def collect_run_data(result: DagResult, store: Store, bundle: str) -> dict[str, Any]:
    """Collect everything about a Dag run.

    Args:
        result: the result of the Dag run.
        store: holds the XComs and the secrets.
        bundle: the bundle's name on the page.
    """
    return {
        "dag_id": result.graph.dag_id,
        "run_id": result.run_id,
        "state": result.state,
        "bundle": bundle,
        "began": result.start_date.isoformat(),
        "seconds": result.seconds,
        "jobs": result.jobs,
        "tasks": [_collect_task(node) for node in result.graph.tasks.values()],
        "instances": [_collect_instance(instance, result, store) for instance in result.instances],
    }


def _collect_task(node: TaskNode) -> dict[str, Any]:
    return {
        "task_id": node.task_id,
        "kind": node.kind,
        "group": node.group,
        "upstream": list(node.upstream),
        "trigger_rule": node.trigger_rule,
        "is_mapped": node.mapped is not None,
    }


def _collect_instance(instance: Instance, result: DagResult, store: Store) -> dict[str, Any]:
    mask = store.mask
    xcoms = store.find_xcoms(result.graph.dag_id, result.run_id, instance.task.task_id, instance.map_index)
    has_label = instance.map_index != UNMAPPED and instance.rendered_map_index is not None
    return {
        "task_id": instance.task.task_id,
        "map_index": instance.map_index,
        "label": mask(str(instance.rendered_map_index)) if has_label else None,
        "state": instance.state,
        "error": None if instance.note is None else mask(instance.note),
        "tries": [_collect_attempt(attempt, result.start_date, store) for attempt in instance.tries],
        "xcoms": {mask(key.key): mask(format_value(value)) for key, value in xcoms.items()},
    }


def _collect_attempt(attempt: Try, start_date: datetime, store: Store) -> dict[str, Any]:
    result = attempt.result
    error = None if result is None else result.broken or result.error
    return {
        "try_number": attempt.try_number,
        "state": attempt.state,
        "began_s": (attempt.start_date - start_date).total_seconds(),
        "seconds": 0.0 if result is None else result.seconds,
        "error": None if error is None else store.mask(error),
        "records": [] if result is None else [_collect_record(record) for record in result.records],
    }


def _collect_record(record: LogRecord) -> dict[str, Any]:
    lines = list(format_exception(record.fields.get("error_detail")))
    fields = {name: format_value(value) for name, value in record.fields.items() if name != "error_detail"}
    return {
        "time": record.timestamp.isoformat(),
        "level": record.level,
        "logger": record.logger,
        "event": record.event,
        "fields": fields,
        "exception": "\n".join(lines) if lines else None,
    }
