"""Runs one try in the way that was chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagfloe.local.store.store import Reply, Store
from dagfloe.testing._memory.run import run_in_memory
from dagfloe.testing._process.run import run_in_process
from dagfloe.testing.errors import MisuseError, TaskStateError
from dagfloe.testing.log import fits
from dagfloe.testing.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.supervise.limits import Limits
    from dagfloe.local.task_run import TaskRun
    from dagfloe.testing._mode import Way
    from dagfloe.values.dates import Clock


class FailingStore(Store):
    """A store that answers some requests with errors, when it is told to.

    Args:
        clock: as for `Store`.

    Attributes:
        errors: the error code by the type of the request.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.errors: dict[str, str] = {}

    def answer(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """The reply to a request."""
        code = self.errors.get(body["type"])
        if code is None:
            return self.tell(body, task)
        detail = {"status_code": 500, "message": "the test wants it so", "detail": None}
        error = {"type": "ErrorResponse", "error": code, "detail": detail}
        return Reply(None, error) if code == "API_SERVER_ERROR" else Reply(error)

    def tell(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """The reply to a request of the test's own, which does not fail."""
        return super().answer(body, task)


class StopAt:
    """Says when a task is told to stop: at a record whose message has a pattern.

    Args:
        pattern: a regular expression.

    Raises:
        MisuseError: when it is none.
    """

    def __init__(self, pattern: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise MisuseError(f"stop_at {pattern!r} is no regular expression: {error}") from None
        self.pattern = pattern
        self.was_met = False

    def __call__(self, record: LogRecord) -> bool:
        """Whether the task is told to stop now, or was before."""
        self.was_met = self.was_met or fits(record, self.pattern)
        return self.was_met


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What tries are run in: see the attributes of `TaskEnvironment`."""

    store: Store
    level: str
    clock: Clock
    limits: Limits
    on_request: Callable[[Mapping[str, Any]], object]


def run_try(way: Way, run: TaskRun, setting: Setting, stop_at: StopAt | None) -> Result:
    """Run one try.

    Args:
        way: how.
        run: what.
        setting: in what.
        stop_at: when it is told to stop, if it is.
    """
    if way.command is None and way.task is not None:
        outcome = run_in_memory(
            way.task.dag,
            run,
            setting.store,
            level=setting.level,
            clock=setting.clock,
            stops_at=stop_at,
            on_request=setting.on_request,
        )
    else:
        command = way.command or ()
        outcome = run_in_process(
            command, run, setting.store, limits=setting.limits, level=setting.level, stops_at=stop_at
        )
        for request in outcome.requests:
            setting.on_request(request)
    return Result(run, way, outcome)


def check_stop(result: Result, stop_at: StopAt | None) -> None:
    """Check that a task was told to stop, if it was to be.

    Raises:
        TaskStateError: when it ended before.
    """
    if stop_at is not None and not stop_at.was_met:
        raise TaskStateError(
            f"{result.name} was not told to stop: no record has {stop_at.pattern!r}; it ended as {result.state!r}\n"
            f"{result.log.text}"
        )
