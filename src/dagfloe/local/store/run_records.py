"""Dags, Dag runs and task instances of the store: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(kw_only=True)
class DagRunRecord:
    """A Dag run; the fields are those of Airflow's messages (`DagRun`). Datetimes are aware."""

    dag_id: str
    run_id: str
    run_after: datetime
    run_type: str = "manual"
    state: str = "running"
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    conf: Mapping[str, Any] = field(default_factory=dict, repr=False)
    clear_number: int = 0
    note: str | None = None
    triggering_user_name: str | None = None
    partition_key: str | None = None
    consumed_asset_events: Sequence[Mapping[str, Any]] = ()


@dataclass(kw_only=True)
class TaskInstanceRecord:
    """A task instance. Datetimes are aware."""

    dag_id: str
    task_id: str
    run_id: str
    ti_id: str
    map_index: int = -1
    try_number: int = 1
    state: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    queue: str = "default"
    pool: str = "default_pool"
    operator: str = "_StubOperator"
    reschedules: int = 0


@dataclass(kw_only=True)
class DagRecord:
    """A Dag; the fields are those of `DagResult`."""

    dag_id: str
    is_paused: bool = False
    owners: str = "airflow"
    tags: Sequence[str] = ()
    next_dagrun: datetime | None = None
