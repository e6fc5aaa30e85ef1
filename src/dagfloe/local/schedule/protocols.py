"""What a Dag run needs from its caller: somebody who watches, and somebody who knows outcomes. Protocols only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.instances import Instance
    from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome


class Observer(Protocol):
    """Watches a Dag run. All calls come from the thread that called `run_dag`."""

    def on_start(self, instance: Instance) -> None:
        """Handle the start of a task instance's process."""

    def on_record(self, instance: Instance, record: LogRecord) -> None:
        """Handle a new log record of a running task instance."""

    def on_end(self, instance: Instance) -> None:
        """Handle the end of a task instance's process. See `instance.state`, and `instance.tries` for the result."""

    def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
        """Handle the wait before the next run of a task instance.

        Args:
            instance: the task instance.
            seconds: how long the wait is.
            declared_s: how long the Dag or the task asked to wait; more than `seconds` if the wait is shortened.
        """

    def on_skip(self, instance: Instance) -> None:
        """Handle a task instance that ends without running; `instance.state` says why."""


class OutcomeSource(Protocol):
    """Knows the outcomes of triggers and of questions to a human."""

    def find_trigger_outcome(self, instance: Instance, terminal: Mapping[str, Any]) -> TriggerOutcome | None:
        """Return the outcome of a trigger (`DeferTask`), or None if it is not known."""

    def find_human_outcome(self, instance: Instance, question: Mapping[str, Any]) -> HumanOutcome | None:
        """Return the answer to a question (`CreateHITLDetailPayload`), or None if nobody can answer."""
