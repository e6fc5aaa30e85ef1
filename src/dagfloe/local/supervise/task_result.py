"""The result of one run of a task's process, and the task instance's final state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.constants import FAILED, UP_FOR_RETRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.log.records import LogRecord


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """The result of one run of a task's process.

    Attributes:
        state: the task instance's final state, such as `success`, `failed` or `up_for_retry`.
        exit_code: the exit status, negative for a signal; None if the process did not start, or did not end.
        terminal: the last valid terminal message, if any.
        records: the log, oldest first. Of a very long log, only the end.
        requests: the bodies of the valid requests, in order, terminal messages included.
        seconds: from the start of the process to its end.
        error: why the task did not end as it should, for people; None if it did.
        broken: what the bundle did that the real supervisor does not survive; None if nothing.
        leftovers: the processes that outlived the task and were killed, as `pid name`.
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


def decide_final_state(
    exit_code: int | None, terminal_state: str | None, *, should_retry: bool
) -> tuple[str, str | None]:
    """Return a task instance's final state, and the reason if it differs from the terminal message.

    Args:
        exit_code: the exit status, negative for a signal; None if the process did not end.
        terminal_state: the state of the last terminal message, if one came.
        should_retry: whether a retry follows a failure.
    """
    if exit_code == 0:
        if terminal_state is not None:
            return terminal_state, None
        return FAILED, "the process ended with status 0 without a terminal message"
    if exit_code is None:
        reason = "the process did not end"
    elif exit_code < 0:
        reason = f"the process was ended by signal {-exit_code}"
    else:
        reason = f"the process ended with status {exit_code}"
    if terminal_state:
        reason += f", after it had reported {terminal_state}"
    return UP_FOR_RETRY if should_retry else FAILED, reason
