"""What is run, what it is told, and what became of it: values only. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.log.records import LogRecord

#: States after which the tasks that depend on one may go on.
GOOD_STATES = frozenset({"success", "skipped"})


@dataclass(frozen=True, kw_only=True)
class TaskRun:
    """One task instance to run.

    Attributes:
        dag_id: the Dag's id.
        task_id: the task's id.
        run_id: the Dag run's id.
        try_number: 1 for the first try.
        map_index: -1 when the task is not mapped.
        ti_id: UUID of the task instance, as text.
        max_tries: how many retries the task has.
        should_retry: whether a failure of this try leads to another one.
        conf: the configuration that the run was triggered with.
        logical_date: aware, or None for a run that has none.
        bundle_name: the Dag bundle's name.
        bundle_version: its version, if it has any.
        queue: the task's queue.
        schema_version: the supervisor schema version that the bundle names.
        ti_context: further fields of `StartupDetails.ti_context`, or others in the place of the usual ones.
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


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """What became of a task.

    Attributes:
        state: the task instance's final state, such as `success`, `failed` or `up_for_retry`.
        exit_code: the process's exit status; negative for a signal; None when it never started or could not be ended.
        terminal: the last terminal message that was understood, if any.
        records: the log, oldest first; of a very long one, its end.
        requests: the bodies that were understood, in order, terminal messages included.
        seconds: from the start of the process to its end.
        error: why the task did not end as it should, for people; None when nothing is to be told.
        broken: what the bundle did over which the real supervisor would have lost the task; None when nothing.
        leftovers: processes that the task left behind, `pid name` each; they were killed.
    """

    state: str
    exit_code: int | None
    terminal: Mapping[str, Any] | None = field(repr=False)
    records: tuple[LogRecord, ...] = field(repr=False)
    requests: tuple[Mapping[str, Any], ...] = field(repr=False)
    seconds: float
    error: str | None = None
    broken: str | None = None
    leftovers: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the tasks that depend on this one may go on."""
        return self.state in GOOD_STATES


def startup_details(task: TaskRun) -> dict[str, Any]:
    """The body of the first frame (`StartupDetails`); datetimes in it are aware."""
    now = datetime.now(tz=timezone.utc)
    dag_run = {
        "clear_number": 0,
        "conf": dict(task.conf),
        "consumed_asset_events": [],
        "dag_id": task.dag_id,
        "data_interval_end": task.logical_date,
        "data_interval_start": task.logical_date,
        "end_date": None,
        "logical_date": task.logical_date,
        "note": None,
        "partition_date": None,
        "partition_key": None,
        "run_after": task.logical_date or now,
        "run_id": task.run_id,
        "run_type": "manual",
        "start_date": now,
        "state": "running",
        "team_name": None,
        "triggering_user_name": None,
    }
    return {
        "type": "StartupDetails",
        "ti": {
            "context_carrier": None,
            "dag_id": task.dag_id,
            "dag_version_id": str(uuid.uuid5(uuid.NAMESPACE_OID, task.dag_id)),
            "hostname": None,
            "id": task.ti_id,
            "map_index": task.map_index,
            "queue": task.queue,
            "run_id": task.run_id,
            "task_id": task.task_id,
            "try_number": task.try_number,
        },
        "dag_rel_path": f"{task.dag_id}.py",
        "bundle_info": {"name": task.bundle_name, "version": task.bundle_version},
        "start_date": task.ti_context.get("start_date") or now,
        "ti_context": {
            "connections": [],
            "dag_run": dag_run,
            "max_tries": task.max_tries,
            "next_kwargs": None,
            "next_method": None,
            "should_retry": task.should_retry,
            "start_date": None,
            "task_reschedule_count": 0,
            "variables": [],
            "xcom_keys_to_clear": [],
            **task.ti_context,
        },
        "sentry_integration": "",
    }


def final_state(exit_code: int | None, terminal_state: str | None, *, should_retry: bool) -> tuple[str, str | None]:
    """A task's final state from how its process ended, and the reason when that is not what the task said.

    Args:
        exit_code: the exit status, negative for a signal; None when the process could not be ended.
        terminal_state: the state of the last terminal message, if one came.
        should_retry: whether a failure leads to another try.
    """
    if exit_code == 0:
        if terminal_state is not None:
            return terminal_state, None
        return "failed", "the process ended with status 0 without a terminal message"
    if exit_code is None:
        how = "the process could not be ended"
    elif exit_code < 0:
        how = f"the process was ended by signal {-exit_code}"
    else:
        how = f"the process ended with status {exit_code}"
    after = f", after it had said {terminal_state}" if terminal_state else ""
    return "up_for_retry" if should_retry else "failed", how + after
