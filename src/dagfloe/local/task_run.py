"""The task instance to run, as plain values. Imports no other module of this package."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class TaskRun:
    """One task instance to run.

    Attributes:
        dag_id: the Dag's id.
        task_id: the task's id.
        run_id: the Dag run's id.
        try_number: 1 for the first try.
        map_index: -1 if the task is not mapped.
        ti_id: the UUID of the task instance.
        max_tries: the number of retries.
        should_retry: whether another try follows if this one fails.
        conf: the run's configuration.
        logical_date: the run's logical date, aware; None for a run without one.
        bundle_name: the Dag bundle's name.
        bundle_version: the Dag bundle's version, if it has one.
        queue: the task's queue.
        schema_version: the supervisor schema version that the bundle names.
        ti_context: further fields of `StartupDetails.ti_context`, or replacements of the usual ones.
    """

    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = -1
    ti_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    max_tries: int = 0
    should_retry: bool = False
    conf: Mapping[str, Any] = field(default_factory=dict, repr=False)
    logical_date: datetime | None = None
    bundle_name: str = "local"
    bundle_version: str | None = None
    queue: str = "default"
    schema_version: str = DEFAULT_SCHEMA_VERSION
    ti_context: Mapping[str, Any] = field(default_factory=dict, repr=False)
