"""The result of one run of a task's process, and the task instance's final state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.log.records import LogRecord


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """What became of a task.

    Attributes:
        state: the task instance's final state, such as `success`, `failed` or `up_for_retry`.
        exit_code: the process's exit status; negative for a signal; None when it never started or could not be ended.
        terminal: the last terminal message that was understood, if any.
        records: the log, oldest first; of a very long one, its end.
        requests: the bodies that were understood, in order, terminal messages included.
        seconds: from the start of the process to its end.
        error: why the task did not end as it should, for people; None when nothing is to be told.
        broken: what the bundle did over which the real supervisor would have lost the task; None when nothing.
        leftovers: processes that the task left behind, `pid name` each; they were killed.
    """

    state: str
    exit_code: int | None
    terminal: Mapping[str, Any] | None = field(repr=False)
    records: tuple[LogRecord, ...] = field(repr=False)
    requests: tuple[Mapping[str, Any], ...] = field(repr=False)
    seconds: float
    error: str | None = None
    broken: str | None = None
    leftovers: tuple[str, ...] = ()


def final_state(exit_code: int | None, terminal_state: str | None, *, should_retry: bool) -> tuple[str, str | None]:
    """A task's final state from how its process ended, and the reason when that is not what the task said.

    Args:
        exit_code: the exit status, negative for a signal; None when the process could not be ended.
        terminal_state: the state of the last terminal message, if one came.
        should_retry: whether a failure leads to another try.
    """
    if exit_code == 0:
        if terminal_state is not None:
            return terminal_state, None
        return "failed", "the process ended with status 0 without a terminal message"
    if exit_code is None:
        how = "the process could not be ended"
    elif exit_code < 0:
        how = f"the process was ended by signal {-exit_code}"
    else:
        how = f"the process ended with status {exit_code}"
    after = f", after it had said {terminal_state}" if terminal_state else ""
    return "up_for_retry" if should_retry else "failed", how + after
