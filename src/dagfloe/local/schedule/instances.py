"""The task instances of a Dag run, and their tries."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.constants import FINISHED, RUNNING

if TYPE_CHECKING:
    from datetime import datetime

    from dagfloe.local.schedule.manifest_graph import TaskNode
    from dagfloe.local.supervise.task_result import TaskResult

UNMAPPED = -1


@dataclass(kw_only=True)
class Try:
    """One run of a task instance's process. If a try is deferred, its process runs several times.

    Attributes:
        try_number: 1 for the first try.
        start_date: when the process started, aware.
        result: the result; None while the process runs.
        state: the state of the task instance after the process; `running` while it runs.
    """

    try_number: int
    start_date: datetime
    result: TaskResult | None = None
    state: str = RUNNING


@dataclass(kw_only=True, eq=False)
class Instance:
    """One task instance.

    Attributes:
        task: the task.
        map_index: -1 if the task is not mapped, or not expanded yet.
        state: the state; None before anything happens.
        tries: the runs of the process, oldest first.
        try_number: the number of the current try, or of the next one.
        rendered_map_index: the label that the task set in place of its map index, if any.
        note: why the task instance is in its state, for people, if the result does not tell.
        ti_id: UUID of the task instance.
        start_date: when the first process of this try started, aware.
        reschedules: the number of reschedules in this try.
        resumption: further fields of `StartupDetails.ti_context` for the next process.
    """

    task: TaskNode
    map_index: int = UNMAPPED
    state: str | None = None
    tries: list[Try] = field(default_factory=list)
    try_number: int = 1
    rendered_map_index: str | None = None
    note: str | None = None
    ti_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    start_date: datetime | None = None
    reschedules: int = 0
    resumption: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The task_id, with the map index if the task is mapped."""
        return self.task.task_id if self.map_index == UNMAPPED else f"{self.task.task_id}[{self.map_index}]"

    @property
    def is_finished(self) -> bool:
        """Whether it is in a final state."""
        return self.state in FINISHED

    @property
    def seconds(self) -> float:
        """How long its processes ran together, in seconds."""
        return sum(attempt.result.seconds for attempt in self.tries if attempt.result is not None)

    @property
    def error(self) -> str | None:
        """Why it did not succeed, for people; None if there is nothing to report."""
        if self.note is not None:
            return self.note
        result = self.tries[-1].result if self.tries else None
        return None if result is None else result.broken or result.error
