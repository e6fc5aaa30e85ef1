"""How to run a Dag: values only."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION
from dagfloe.values.dates import utc_now

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping
    from datetime import datetime

    from dagfloe.local.supervise.limits import Limits
    from dagfloe.values.dates import Clock


@dataclass(frozen=True, kw_only=True)
class DagRunOptions:
    """How to run a Dag.

    Attributes:
        jobs: the number of task instances that run at the same time.
        max_wait_s: the longest wait before a retry, a reschedule or the end of a time trigger, in seconds; None waits
            as long as declared.
        run_id: the run's id; by default made from the start date.
        logical_date: the run's logical date, aware; by default the start date.
        conf: the run's configuration.
        mark_success_pattern: task instances whose whole task_id matches do not run, and get the state `success`.
        env: the whole environment of the bundle; by default that of this process.
        limits: how long a task and its parts may take.
        schema_version: the supervisor schema version that the bundle names.
        clock: gives the dates of the run and of its task instances.
    """

    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    max_wait_s: float | None = None
    run_id: str | None = None
    logical_date: datetime | None = None
    conf: Mapping[str, Any] = field(default_factory=dict, repr=False)
    mark_success_pattern: re.Pattern[str] | None = None
    env: Mapping[str, str] | None = field(default=None, repr=False)
    limits: Limits | None = None
    schema_version: str = DEFAULT_SCHEMA_VERSION
    clock: Clock = utc_now
