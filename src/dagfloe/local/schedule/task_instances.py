"""The task instances of a Dag run, and their tries."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.model.states import FINISHED

if TYPE_CHECKING:
    from datetime import datetime

    from dagfloe.local.schedule.manifest_graph import TaskNode
    from dagfloe.local.supervise.task_result import TaskResult

UNMAPPED = -1


@dataclass(kw_only=True)
class Try:
    """One run of a task instance's process. A try that was deferred has several.

    Attributes:
        try_number: 1 for the first try.
        began: when, aware.
        result: what became of it; None while it runs.
        state: the state that it left the task instance in; `running` while it runs.
    """

    try_number: int
    began: datetime
    result: TaskResult | None = None
    state: str = "running"


@dataclass(kw_only=True, eq=False)
class Instance:
    """One task instance.

    Attributes:
        task: its task.
        map_index: -1 when the task is not mapped, or not yet expanded.
        state: its state; None when nothing happened yet.
        tries: its tries, oldest first.
        try_number: the number of the present or the next try.
        label: what the task had shown in the place of its map index, if anything.
        note: why it is in its state, for people, when that is not what the task said.
        ti_id: UUID of the task instance, as text.
        started: when its first process was started, aware.
        reschedules: how often it was rescheduled in this try.
        resumption: what `StartupDetails.ti_context` says further when it is run next.
    """

    task: TaskNode
    map_index: int = UNMAPPED
    state: str | None = None
    tries: list[Try] = field(default_factory=list)
    try_number: int = 1
    label: str | None = None
    note: str | None = None
    ti_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime | None = None
    reschedules: int = 0
    resumption: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The task_id, and the map index if there is one."""
        return self.task.task_id if self.map_index == UNMAPPED else f"{self.task.task_id}[{self.map_index}]"

    @property
    def is_finished(self) -> bool:
        """Whether it runs no more."""
        return self.state in FINISHED

    @property
    def seconds(self) -> float:
        """How long its processes ran in sum, in seconds."""
        return sum(each.result.seconds for each in self.tries if each.result is not None)

    @property
    def error(self) -> str | None:
        """Why it did not end as it should, for people; None when nothing is to be told."""
        if self.note is not None:
            return self.note
        result = self.tries[-1].result if self.tries else None
        return None if result is None else result.broken or result.error
