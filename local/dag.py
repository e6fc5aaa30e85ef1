"""Runs the tasks of one Dag, one after the other. Shows nothing: it tells an observer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol

from dagfloe.local.supervisor import run_task
from dagfloe.local.task import TaskResult, TaskRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.local.limits import Limits
    from dagfloe.local.records import LogRecord
    from dagfloe.local.stop import Stop
    from dagfloe.local.store import Store

UPSTREAM_FAILED = "upstream_failed"


class Observer(Protocol):
    """Is told what happens while a Dag runs."""

    def task_began(self, task_id: str) -> None:
        """A task's process is about to be started."""

    def task_said(self, task_id: str, record: LogRecord) -> None:
        """A running task has a new log record."""

    def task_ended(self, task_id: str, result: TaskResult) -> None:
        """A task has ended."""

    def task_left_out(self, task_id: str) -> None:
        """A task is not run, because one before it did not succeed."""


@dataclass(frozen=True, kw_only=True)
class DagResult:
    """What became of a Dag run.

    Attributes:
        dag_id: the Dag's id.
        run_id: the run's id.
        tasks: the result of each task that was run, by task_id and in that order.
        left_out: the tasks that were not run.
    """

    dag_id: str
    run_id: str
    tasks: Mapping[str, TaskResult] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether every task succeeded or was skipped."""
        return not self.left_out and all(result.is_good for result in self.tasks.values())


def run_dag(
    command: Sequence[str],
    dag_id: str,
    task_ids: Sequence[str],
    store: Store,
    observer: Observer,
    *,
    run_id: str | None = None,
    env: Mapping[str, str] | None = None,
    stop: Stop | None = None,
    limits: Limits | None = None,
) -> DagResult:
    """Run tasks of a Dag until one neither succeeds nor is skipped; those after it are `upstream_failed`.

    Args:
        command: the bundle file, or a program with its first arguments.
        dag_id: the Dag's id.
        task_ids: the tasks, in the order in which they run.
        store: shared by all tasks; afterwards it holds their XComs.
        observer: is told what happens.
        run_id: the run's id, by default one made from the time.
        env: the bundle's whole environment.
        stop: ends the running task and leaves out the rest, once it is set.
        limits: how long each task and its parts may take.
    """
    now = datetime.now(tz=timezone.utc)
    run_id = run_id or f"manual__{now.isoformat()}"
    results: dict[str, TaskResult] = {}
    left_out: list[str] = []
    for task_id in task_ids:
        failed = any(not result.is_good for result in results.values())
        if failed or left_out or (stop is not None and stop.is_set):
            left_out.append(task_id)
            observer.task_left_out(task_id)
            continue
        observer.task_began(task_id)
        results[task_id] = run_task(
            command,
            TaskRun(dag_id=dag_id, task_id=task_id, run_id=run_id, logical_date=now),
            store,
            env=env,
            on_record=lambda record, task_id=task_id: observer.task_said(task_id, record),  # type: ignore[misc]
            stop=stop,
            limits=limits,
        )
        observer.task_ended(task_id, results[task_id])
    return DagResult(dag_id=dag_id, run_id=run_id, tasks=results, left_out=tuple(left_out))
