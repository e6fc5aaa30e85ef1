"""The Dag run and the task instance of a test, as the supervisor describes them to the task. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, fields, replace
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
    """The Dag run of the tasks. Change its attributes before you run a task.

    Attributes:
        run_id: the run's id.
        run_type: `manual`, `scheduled`, `backfill`, `asset_triggered` or another that Airflow names.
        conf: the run's configuration.
        logical_date: the logical date, aware; None for a run without one.
        data_interval_start: the start of the data interval; None for the logical date.
        data_interval_end: the end of the data interval; None for the logical date.
        run_after: the earliest start; None for the logical date, or for the present time if there is no logical date.
        note: the run's note.
        partition_key: the key of its partition.
        triggering_user_name: the user who triggered it.
        consumed_asset_events: the asset events that triggered it, in the form of Airflow's messages.
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


def make_task_run(
    dag_id: str,
    task_id: str,
    dag_run: DagRunFacts,
    now: datetime,
    *,
    try_number: int = 1,
    max_tries: int = 0,
    map_index: int = -1,
    schema_version: str,
    ti_context: Mapping[str, Any] | None = None,
) -> TaskRun:
    """Make a task instance. All its tries have the same ti_id.

    Args:
        dag_id: the Dag's id.
        task_id: the task's id.
        dag_run: its Dag run.
        now: its start date.
        try_number: 1 for the first try.
        max_tries: the number of retries.
        map_index: -1 if the task is not mapped.
        schema_version: the supervisor schema version that it speaks.
        ti_context: further fields of `StartupDetails.ti_context`.

    Raises:
        MisuseError: if a date has no time zone.
        ValueNotSerializableError: if the conf has no JSON form.
    """
    for name, value in {"now": now, **vars(dag_run)}.items():
        if isinstance(value, datetime) and value.tzinfo is None:
            raise MisuseError(f"{name} has no time zone: add one, such as tzinfo=timezone.utc")
    check_jsonable(dag_run.conf)
    run = TaskRun(
        dag_id=dag_id,
        task_id=task_id,
        run_id=dag_run.run_id,
        try_number=try_number,
        map_index=map_index,
        ti_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{dag_id} {task_id} {dag_run.run_id} {map_index}")),
        max_tries=max_tries,
        should_retry=try_number <= max_tries,
        conf=dag_run.conf,
        logical_date=dag_run.logical_date,
        schema_version=schema_version,
    )
    defaults = build_startup_details(run, now)["ti_context"]["dag_run"]
    attributes = {name: value for name, value in vars(dag_run).items() if value is not None}
    dates = {
        "data_interval_start": dag_run.data_interval_start or dag_run.logical_date,
        "data_interval_end": dag_run.data_interval_end or dag_run.logical_date,
        "run_after": dag_run.run_after or dag_run.logical_date or now,
        "start_date": now,
    }
    return update_ti_context(
        run, {"start_date": now, "dag_run": {**defaults, **attributes, **dates}, **(ti_context or {})}
    )


def update_ti_context(run: TaskRun, ti_context: Mapping[str, Any]) -> TaskRun:
    """Return a copy of a task instance with other fields of `StartupDetails.ti_context`."""
    return replace(run, ti_context={**run.ti_context, **ti_context})


def make_dag_run_record(run: TaskRun) -> DagRunRecord:
    """Make the store's record of the Dag run of a task instance."""
    dag_run = run.ti_context["dag_run"]
    names = {item.name for item in fields(DagRunRecord)} & set(dag_run)
    return DagRunRecord(**{name: dag_run[name] for name in names})


def make_task_instance_record(run: TaskRun, state: str) -> TaskInstanceRecord:
    """Make the store's record of a task instance in a state."""
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


def make_literal_bindings(arguments: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Make the argument bindings that the supervisor sends for literal values in a stub Dag.

    Raises:
        ValueNotSerializableError: if an argument has no JSON form.
    """
    check_jsonable(dict(arguments))
    return [
        {"kind": "literal", "name": name, "value_schema": None, "value": value, "from_default": False}
        for name, value in arguments.items()
    ]
