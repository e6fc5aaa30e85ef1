"""The result of a task, in the same form in all modes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RETURN_VALUE
from dagfloe.testing.errors import TaskStateError
from dagfloe.testing.log import Log
from dagfloe.values.dates import to_datetime
from dagfloe.values.serde import decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from typing_extensions import Self

    from dagfloe.local.task_run import TaskRun
    from dagfloe.testing._mode import Mode
    from dagfloe.testing._try import TryOutcome


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """One try of a task instance, and the tries before it.

    Attributes:
        run: the task instance.
        way: how it was run.
        outcome: its outcome.
        earlier: the earlier tries of `TaskEnvironment.run` with `retries`.
    """

    run: TaskRun
    way: Mode
    outcome: TryOutcome
    earlier: tuple[Result, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<Result of {self.name}, try {self.run.try_number}: {self.state}>"

    @property
    def name(self) -> str:
        """The dag_id and the task_id, and the map index of a mapped task."""
        index = f"[{self.run.map_index}]" if self.run.map_index >= 0 else ""
        return f"{self.run.dag_id}.{self.run.task_id}{index}"

    @property
    def state(self) -> str:
        """The task instance's state: success, failed, skipped, up_for_retry, deferred, up_for_reschedule, ..."""
        return self.outcome.state

    @cached_property
    def log(self) -> Log:
        """Its log, including what it printed."""
        return Log(self.outcome.records)

    @property
    def tries(self) -> tuple[Result, ...]:
        """All tries; this one is the last."""
        return (*self.earlier, self)

    @property
    def exception(self) -> BaseException | None:
        """The exception that made it fail. None if it did not fail, or ran in another process: then see the log."""
        return self.outcome.exception

    @property
    def error(self) -> str | None:
        """Why its process did not end normally."""
        return self.outcome.error

    def raise_for_state(self, expected: str = "success") -> Self:
        """Check its state.

        Returns:
            This result.

        Raises:
            TaskStateError: if it has another state. The message has the log, and the task's exception is the cause.
        """
        __tracebackhide__ = True  # pytest shows the line of the test instead
        if self.state != expected:
            error = f"\n{self.error}" if self.error else ""
            message = f"{self.name} ended as {self.state!r}, not {expected!r}{error}\n{self.log.text}"
            raise TaskStateError(message) from self.exception
        return self

    # Its messages

    @property
    def terminal(self) -> Mapping[str, Any]:
        """The terminal message; empty if it sent none."""
        return self.outcome.terminal or {}

    @property
    def requests(self) -> tuple[Mapping[str, Any], ...]:
        """Its messages in order. The terminal message is the last one."""
        return tuple(self.outcome.requests)

    def sent(self, kind: str) -> list[Mapping[str, Any]]:
        """Return its messages of a type, such as `TriggerDagRun`."""
        return [body for body in self.requests if body["type"] == kind]

    @property
    def value(self) -> Any:
        """The return value as other tasks read it, such as a dict for a dataclass; None if none was pushed."""
        return self.xcoms.get(RETURN_VALUE)

    @property
    def xcoms(self) -> dict[str, Any]:
        """The XComs that it pushed and did not delete, by key, as other tasks read them."""
        pushed: dict[str, Any] = {}
        for body in self.requests:
            if body["type"] in ("SetXCom", "DeleteXCom"):
                pushed.pop(body["key"], None)
            if body["type"] == "SetXCom":
                pushed[body["key"]] = decode(body["value"])
        return pushed

    @property
    def outlet_events(self) -> list[Mapping[str, Any]]:
        """The events of its outlets, as it sent them to Airflow."""
        return list(self.terminal.get("outlet_events") or ())

    @property
    def skipped(self) -> list[Any]:
        """The tasks that it skipped: task_ids, or pairs of task_id and map index."""
        return [
            task if isinstance(task, str) else tuple(task)
            for body in self.sent("SkipDownstreamTasks")
            for task in body["tasks"]
        ]

    # Why it did not finish

    @property
    def retry_reason(self) -> str | None:
        """Why Airflow retries it, or does not."""
        return self.terminal.get("retry_reason")

    @property
    def retry_delay_s(self) -> float | None:
        """The delay before the next try in seconds, if the task chose one."""
        return self.terminal.get("retry_delay_seconds")

    @property
    def reschedule_date(self) -> datetime | None:
        """When a task that is `up_for_reschedule` runs again."""
        date = self.terminal.get("reschedule_date")
        return None if date is None else to_datetime(date)

    @property
    def trigger(self) -> str | None:
        """The full name of the class of the trigger that a deferred task waits for."""
        return self.terminal.get("classpath")

    @property
    def trigger_kwargs(self) -> dict[str, Any]:
        """The arguments of that trigger."""
        return dict(decode(self.terminal.get("trigger_kwargs") or {}))

    @property
    def resumes_in(self) -> str | None:
        """The function in which a waiting task resumes."""
        return self.terminal.get("next_method")

    @property
    def question(self) -> Mapping[str, Any] | None:
        """Its last question to a human: subject, options, params and so on."""
        questions = self.sent("CreateHITLDetailPayload")
        return questions[-1] if questions else None
