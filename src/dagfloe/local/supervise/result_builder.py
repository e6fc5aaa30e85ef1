"""Collects what a task sent and what went wrong, and makes the task's result of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.constants import FAILED
from dagfloe.local.supervise.task_result import TaskResult, decide_final_state
from dagfloe.runtime.wire.requests import TERMINAL_STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.log.transcript import Transcript
    from dagfloe.local.supervise.task_process import TaskProcess
    from dagfloe.local.task_run import TaskRun


class ResultBuilder:
    """The result of one task, as far as it is known.

    Args:
        task: the task.
        transcript: the task's log; it masks secrets in messages.
    """

    def __init__(self, task: TaskRun, transcript: Transcript) -> None:
        self._task = task
        self._transcript = transcript
        self._requests: list[Mapping[str, Any]] = []
        self._terminal: Mapping[str, Any] | None = None
        self._refused_type: str | None = None
        self._errors: list[str] = []
        self._broken: str | None = None

    @property
    def is_broken(self) -> bool:
        """Whether the bundle did something that the real supervisor does not survive."""
        return self._broken is not None

    @property
    def lost_terminal_type(self) -> str | None:
        """The type of a terminal message that Airflow would refuse, if no other one followed."""
        return self._refused_type if self._terminal is None else None

    def add_request(self, body: Mapping[str, Any]) -> None:
        """Add a request that the supervisor understands."""
        self._requests.append(body)

    def add_terminal(self, body: Mapping[str, Any], *, is_refused: bool) -> None:
        """Add a terminal message, and whether Airflow would refuse it."""
        if is_refused:
            self._refused_type = body["type"]
        else:
            self._terminal = body

    def add_error(self, message: str) -> None:
        """Add a reason why the task does not end as it should."""
        self._errors.append(message)

    def mark_broken(self, reason: str) -> None:
        """Add why the real supervisor would lose the task. The first reason counts."""
        self._broken = self._broken or self._transcript.mask(reason)

    def build(self, process: TaskProcess | None, *, is_connected: bool) -> TaskResult:
        """Make the result.

        Args:
            process: the process, which has ended; None if it could not be started.
            is_connected: whether the task connected to both sockets.
        """
        state, reason = self._decide_final_state(process, is_connected=is_connected)
        errors = [*self._errors, *([reason] if reason else [])]
        output = self._transcript.output()
        if not is_connected and output:
            errors.append(f"its output:\n{output}")
        return TaskResult(
            state=state,
            exit_code=None if process is None else process.exit_code,
            terminal=self._terminal,
            records=tuple(self._transcript.records),
            requests=tuple(self._requests),
            seconds=0.0 if process is None else process.seconds,
            error=self._transcript.mask("; ".join(errors)) or None,
            broken=self._broken,
            leftovers=() if process is None else tuple(process.leftovers),
        )

    def _decide_final_state(self, process: TaskProcess | None, *, is_connected: bool) -> tuple[str, str | None]:
        if process is None or self._broken is not None:
            return FAILED, self._broken
        terminal_state = None
        if self._terminal is not None:
            terminal_state = self._terminal.get("state", TERMINAL_STATES[self._terminal["type"]][0])
        state, reason = decide_final_state(process.exit_code, terminal_state, should_retry=self._task.should_retry)
        if not is_connected:
            return FAILED, f"{reason}, before it had connected"
        if process.exit_code == 0 and terminal_state is None and self._refused_type is not None:
            reason = f"Airflow's API server would refuse its {self._refused_type} and fail the task; see the log"
        return state, reason
