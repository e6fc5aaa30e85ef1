"""How a Dag is run, who is told, and what becomes of it: values and protocols only."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from dagfloe.model.states import SUCCESS
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.manifest_graph import Graph
    from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome
    from dagfloe.local.schedule.task_instances import Instance
    from dagfloe.local.supervise.limits import Limits


class Observer(Protocol):
    """Is told what happens while a Dag runs."""

    def began(self, instance: Instance) -> None:
        """A task instance's process is about to be started."""

    def said(self, instance: Instance, record: LogRecord) -> None:
        """A running task instance has a new log record."""

    def ended(self, instance: Instance) -> None:
        """A task instance's process has ended: `instance.state` says how, and `instance.tries` has its result."""

    def waits(self, instance: Instance, seconds: float, declared: float) -> None:
        """A task instance is run again, in so many seconds, for which its Dag or its task said `declared`."""

    def left_out(self, instance: Instance) -> None:
        """A task instance is not run: `instance.state` says why."""


class Answers(Protocol):
    """Knows what comes of triggers and of questions to a human."""

    def trigger(self, instance: Instance, terminal: Mapping[str, Any]) -> TriggerOutcome | None:
        """What comes of a trigger (`DeferTask`); None when it is not known."""

    def human(self, instance: Instance, question: Mapping[str, Any]) -> HumanOutcome | None:
        """What a human answers (`CreateHITLDetailPayload`); None when nobody is there."""


@dataclass(frozen=True, kw_only=True)
class DagRunOptions:
    """How a Dag is run.

    Attributes:
        jobs: how many task instances run at a time.
        max_wait_s: the longest wait before a retry, a reschedule or a trigger's moment; None for all of it.
        run_id: the run's id; by default one made from the time.
        logical_date: the run's logical date, aware; by default the present time.
        conf: the configuration that the run is triggered with.
        env: the whole environment of the bundle; by default that of this process.
        limits: how long each task and its parts may take.
        schema_version: the supervisor schema version that the bundle names.
    """

    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    max_wait_s: float | None = None
    run_id: str | None = None
    logical_date: datetime | None = None
    conf: Mapping[str, Any] = field(default_factory=dict, repr=False)
    env: Mapping[str, str] | None = field(default=None, repr=False)
    limits: Limits | None = None
    schema_version: str = DEFAULT_SCHEMA_VERSION


@dataclass(frozen=True, kw_only=True)
class DagResult:
    """What became of a Dag run.

    Attributes:
        graph: the Dag.
        run_id: the run's id.
        state: `success`, `failed` or `interrupted`.
        began: when, aware.
        seconds: how long it took.
        jobs: how many task instances could run at a time.
        instances: the task instances, in the order of the graph.
    """

    graph: Graph
    run_id: str
    state: str
    began: datetime
    seconds: float
    jobs: int
    instances: tuple[Instance, ...]

    @property
    def is_good(self) -> bool:
        """Whether the Dag run succeeded, as Airflow judges it: by its last tasks."""
        return self.state == SUCCESS
