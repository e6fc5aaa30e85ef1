"""What became of a task, in the same form however it was run."""

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
    from dagfloe.testing._mode import Way
    from dagfloe.testing._try import Outcome


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """One try of a task instance, and those before it.

    Attributes:
        run: the task instance, and what it was told.
        way: how it was run.
        outcome: what came of it, as it is.
        earlier: the tries before this one, of `TaskEnvironment.run` with `retries`.
    """

    run: TaskRun
    way: Way
    outcome: Outcome
    earlier: tuple[Result, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<Result of {self.name}, try {self.run.try_number}: {self.state}>"

    @property
    def name(self) -> str:
        """The Dag's and the task's id, and the map index of a mapped one."""
        index = f"[{self.run.map_index}]" if self.run.map_index >= 0 else ""
        return f"{self.run.dag_id}.{self.run.task_id}{index}"

    @property
    def state(self) -> str:
        """The task instance's state: success, failed, skipped, up_for_retry, deferred, up_for_reschedule, ..."""
        return self.outcome.state

    @cached_property
    def log(self) -> Log:
        """What it logged and printed."""
        return Log(self.outcome.records)

    @property
    def tries(self) -> tuple[Result, ...]:
        """All tries, the last one is this."""
        return (*self.earlier, self)

    @property
    def exception(self) -> BaseException | None:
        """What made it fail, itself; None when it did not, or ran in another process, whose log describes it."""
        return self.outcome.exception

    @property
    def error(self) -> str | None:
        """Why its process did not end as it should."""
        return self.outcome.error

    def raise_for_state(self, expected: str = "success") -> Self:
        """Check its state.

        Returns:
            This result.

        Raises:
            TaskStateError: when it is another one. The message holds the log, and the task's exception is its cause.
        """
        __tracebackhide__ = True  # pytest shows the line of the test instead
        if self.state != expected:
            error = f"\n{self.error}" if self.error else ""
            message = f"{self.name} ended as {self.state!r}, not {expected!r}{error}\n{self.log.text}"
            raise TaskStateError(message) from self.exception
        return self

    # What it said

    @property
    def terminal(self) -> Mapping[str, Any]:
        """The terminal message; empty when none came."""
        return self.outcome.terminal or {}

    @property
    def requests(self) -> tuple[Mapping[str, Any], ...]:
        """The messages that it sent, in order; the terminal message is the last one."""
        return tuple(self.outcome.requests)

    def sent(self, kind: str) -> list[Mapping[str, Any]]:
        """The messages of a type, such as `TriggerDagRun`."""
        return [body for body in self.requests if body["type"] == kind]

    @property
    def value(self) -> Any:
        """What it returned, as it was pushed; None when nothing was."""
        return self.xcoms.get(RETURN_VALUE)

    @property
    def xcoms(self) -> dict[str, Any]:
        """The XComs that it pushed and did not delete, by key."""
        pushed: dict[str, Any] = {}
        for body in self.requests:
            if body["type"] in ("SetXCom", "DeleteXCom"):
                pushed.pop(body["key"], None)
            if body["type"] == "SetXCom":
                pushed[body["key"]] = body["value"]
        return pushed

    @property
    def outlet_events(self) -> list[Mapping[str, Any]]:
        """What it told of its outlets, as Airflow gets it."""
        return list(self.terminal.get("outlet_events") or ())

    @property
    def skipped(self) -> list[Any]:
        """The tasks that it skipped: task_ids, or pairs of one and a map index."""
        return [
            task if isinstance(task, str) else tuple(task)
            for body in self.sent("SkipDownstreamTasks")
            for task in body["tasks"]
        ]

    # Why it did not end

    @property
    def retry_reason(self) -> str | None:
        """Why it is retried, or is not."""
        return self.terminal.get("retry_reason")

    @property
    def retry_delay_s(self) -> float | None:
        """After how many seconds it is retried, if it says so."""
        return self.terminal.get("retry_delay_seconds")

    @property
    def reschedule_date(self) -> datetime | None:
        """When a task that is `up_for_reschedule` is run again."""
        date = self.terminal.get("reschedule_date")
        return None if date is None else to_datetime(date)

    @property
    def trigger(self) -> str | None:
        """The full name of the trigger's class that a deferred task waits for."""
        return self.terminal.get("classpath")

    @property
    def trigger_kwargs(self) -> dict[str, Any]:
        """The arguments of that trigger."""
        return dict(decode(self.terminal.get("trigger_kwargs") or {}))

    @property
    def resumes_in(self) -> str | None:
        """The function in which a task that waits goes on."""
        return self.terminal.get("next_method")

    @property
    def question(self) -> Mapping[str, Any] | None:
        """What it asked a human last: subject, options, params and so on."""
        asked = self.sent("CreateHITLDetailPayload")
        return asked[-1] if asked else None
