"""Runs one try in the chosen mode."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagfloe.local.store.store import Reply, Store
from dagfloe.testing._memory.run import run_in_memory
from dagfloe.testing._process.run import run_in_process
from dagfloe.testing.errors import MisuseError, TaskStateError
from dagfloe.testing.log import matches
from dagfloe.testing.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.supervise.limits import Limits
    from dagfloe.local.task_run import TaskRun
    from dagfloe.testing._mode import Mode
    from dagfloe.values.dates import Clock


class FailingStore(Store):
    """A store that answers requests with the errors that a test chooses.

    Args:
        clock: as for `Store`.

    Attributes:
        errors: error codes by the type of the request.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.errors: dict[str, str] = {}

    def answer(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """Answer a request of a task."""
        code = self.errors.get(body["type"])
        if code is None:
            return self.answer_test(body, task)
        detail = {"status_code": 500, "message": "the test requests this error", "detail": None}
        error = {"type": "ErrorResponse", "error": code, "detail": detail}
        return Reply(None, error) if code == "API_SERVER_ERROR" else Reply(error)

    def answer_test(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """Answer a request of the test itself, which gets no chosen error."""
        return super().answer(body, task)


class StopPattern:
    """Stops a task at the first log record whose message matches.

    Args:
        pattern: a regular expression.

    Attributes:
        pattern: as above.
        has_matched: whether a record has matched.

    Raises:
        MisuseError: if the pattern is not a regular expression.
    """

    def __init__(self, pattern: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise MisuseError(f"stop_at {pattern!r} is not a regular expression: {error}") from None
        self.pattern = pattern
        self.has_matched = False

    def __call__(self, record: LogRecord) -> bool:
        """Whether this record, or an earlier one, matches."""
        self.has_matched = self.has_matched or matches(record, self.pattern)
        return self.has_matched


@dataclass(frozen=True, kw_only=True)
class TrySettings:
    """The settings of all tries: see the attributes of `TaskEnvironment`."""

    store: Store
    level: str
    clock: Clock
    limits: Limits
    on_request: Callable[[Mapping[str, Any]], object]


def run_try(mode: Mode, run: TaskRun, settings: TrySettings, should_stop: StopPattern | None) -> Result:
    """Run one try.

    Args:
        mode: how to run it.
        run: the task instance.
        settings: the settings.
        should_stop: at which log record to stop the task, if at all.
    """
    if mode.command is None and mode.task is not None:
        outcome = run_in_memory(
            mode.task.dag,
            run,
            settings.store,
            level=settings.level,
            clock=settings.clock,
            should_stop=should_stop,
            on_request=settings.on_request,
        )
    else:
        command = mode.command or ()
        outcome = run_in_process(
            command, run, settings.store, limits=settings.limits, level=settings.level, should_stop=should_stop
        )
        for request in outcome.requests:
            settings.on_request(request)
    return Result(run, mode, outcome)


def check_stop(result: Result, stop: StopPattern | None) -> None:
    """Check that a task was stopped, if the test requests it.

    Raises:
        TaskStateError: if the task ended before a record matched.
    """
    if stop is not None and not stop.has_matched:
        raise TaskStateError(
            f"{result.name} was not stopped: no record matches {stop.pattern!r}; it ended as {result.state!r}\n"
            f"{result.log.text}"
        )
