"""What a task is told of itself and of its Dag run. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.local.store.run_records import DagRunRecord, TaskInstanceRecord
from dagfloe.local.supervise.startup import build_startup_details
from dagfloe.local.task_run import TaskRun
from dagfloe.testing.errors import MisuseError
from dagfloe.values.jsonable import check_jsonable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MIDNIGHT = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(kw_only=True)
class DagRunFacts:
    """The Dag run that tasks belong to. Change the attributes before a task is run.

    Attributes:
        run_id: the run's id.
        run_type: `manual`, `scheduled`, `backfill`, `asset_triggered` or another that Airflow names.
        conf: the configuration that the run was triggered with.
        logical_date: aware, or None for a run that has none.
        data_interval_start: the logical date when it is None.
        data_interval_end: likewise.
        run_after: likewise; the present time for a run without a logical date.
        note: the run's note.
        partition_key: key of the partition.
        triggering_user_name: who triggered it.
        consumed_asset_events: the asset events that triggered it, as Airflow's messages have them.
    """

    run_id: str = f"manual__{_MIDNIGHT.isoformat()}"
    run_type: str = "manual"
    conf: dict[str, Any] = field(default_factory=dict, repr=False)
    logical_date: datetime | None = _MIDNIGHT
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    run_after: datetime | None = None
    note: str | None = None
    partition_key: str | None = None
    triggering_user_name: str | None = None
    consumed_asset_events: list[dict[str, Any]] = field(default_factory=list)


def task_run(
    dag_id: str,
    task_id: str,
    dag_run: DagRunFacts,
    now: datetime,
    *,
    try_number: int = 1,
    max_tries: int = 0,
    map_index: int = -1,
    schema_version: str,
    more: Mapping[str, Any] | None = None,
) -> TaskRun:
    """A task instance to run. Equal ids give it an equal UUID, whatever the try.

    Args:
        dag_id: the Dag's id.
        task_id: the task's id.
        dag_run: its Dag run.
        now: when it starts.
        try_number: 1 for the first try.
        max_tries: how many retries it has.
        map_index: -1 when it is not mapped.
        schema_version: the supervisor schema version that it speaks.
        more: further fields of `StartupDetails.ti_context`.

    Raises:
        MisuseError: for a time without a time zone.
        ValueNotSerializableError: for a conf that has no JSON form.
    """
    for what, value in {"now": now, **vars(dag_run)}.items():
        if isinstance(value, datetime) and value.tzinfo is None:
            raise MisuseError(f"{what} has no time zone: give it one, such as tzinfo=timezone.utc")
    check_jsonable(dag_run.conf)
    name = f"{dag_id} {task_id} {dag_run.run_id} {map_index}"
    run = TaskRun(
        dag_id=dag_id,
        task_id=task_id,
        run_id=dag_run.run_id,
        try_number=try_number,
        map_index=map_index,
        ti_id=str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        max_tries=max_tries,
        should_retry=try_number <= max_tries,
        conf=dag_run.conf,
        logical_date=dag_run.logical_date,
        schema_version=schema_version,
    )
    told = build_startup_details(run, now)["ti_context"]["dag_run"]
    changed = {name: value for name, value in vars(dag_run).items() if value is not None}
    interval = {
        "data_interval_start": dag_run.data_interval_start or dag_run.logical_date,
        "data_interval_end": dag_run.data_interval_end or dag_run.logical_date,
        "run_after": dag_run.run_after or dag_run.logical_date or now,
        "start_date": now,
    }
    ti_context = {"start_date": now, "dag_run": {**told, **changed, **interval}, **(more or {})}
    return with_context(run, ti_context)


def with_context(run: TaskRun, more: Mapping[str, Any]) -> TaskRun:
    """The same task instance, told more or something else in `StartupDetails.ti_context`."""
    return TaskRun(**{**vars(run), "ti_context": {**run.ti_context, **more}})


def dag_run_record(run: TaskRun) -> DagRunRecord:
    """The Dag run of a task instance, as the store remembers it."""
    told = run.ti_context["dag_run"]
    return DagRunRecord(**{each.name: told[each.name] for each in fields(DagRunRecord) if each.name in told})


def task_instance_record(run: TaskRun, state: str) -> TaskInstanceRecord:
    """A task instance in a state, as the store remembers it."""
    return TaskInstanceRecord(
        dag_id=run.dag_id,
        task_id=run.task_id,
        run_id=run.run_id,
        ti_id=run.ti_id,
        map_index=run.map_index,
        try_number=run.try_number,
        state=state,
        start_date=run.ti_context["start_date"],
        queue=run.queue,
        reschedules=run.ti_context.get("task_reschedule_count", 0),
    )


def literals(arguments: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Arguments as the supervisor tells them for a stub Dag that gives values.

    Raises:
        ValueNotSerializableError: for one that has no JSON form.
    """
    check_jsonable(dict(arguments))
    return [
        {"kind": "literal", "name": name, "value_schema": None, "value": value, "from_default": False}
        for name, value in arguments.items()
    ]
