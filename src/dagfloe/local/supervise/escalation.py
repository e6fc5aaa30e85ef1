"""Stops a task's process: sends one signal, and the next one if the process continues. Knows no sockets."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from dagfloe.local.supervise.deadlines import Phase

if TYPE_CHECKING:
    import signal

    from dagfloe.local.supervise.deadlines import Deadlines
    from dagfloe.local.supervise.limits import Limits
    from dagfloe.local.supervise.task_process import TaskProcess


class Escalation:
    """A series of signals to one process.

    Args:
        limits: the signals, and the time between them.
        deadlines: gets a deadline for `Phase.ESCALATION`; call `escalate` when it passes.

    Attributes:
        has_begun: whether the process got a signal.
        is_exhausted: whether the process continues after the last signal.
    """

    def __init__(self, limits: Limits, deadlines: Deadlines) -> None:
        self.has_begun = self.is_exhausted = False
        self._signals = deque(limits.signals)
        self._last_signal: signal.Signals | None = None
        self._is_forwarded = False
        self._escalation_s = limits.escalation_s
        self._deadlines = deadlines

    @property
    def next_step(self) -> str:
        """What happens if the last signal did not help, for the log."""
        return "escalating" if self._signals else "giving up"

    def begin(self, process: TaskProcess, *, is_forwarded: bool) -> None:
        """Send the first signal.

        Args:
            process: the process to stop.
            is_forwarded: whether somebody asked this supervisor to stop, and it forwards the request.
        """
        self.has_begun = True
        self._is_forwarded = is_forwarded
        self.escalate(process)

    def escalate(self, process: TaskProcess) -> None:
        """Send the next signal. After the last one, set `is_exhausted`."""
        if not self._signals:
            self.is_exhausted = True
            return
        self._last_signal = self._signals.popleft()
        process.signal(self._last_signal)
        self._deadlines.set(Phase.ESCALATION, self._escalation_s)

    def explains(self, exit_code: int) -> bool:
        """Return whether the supervisor itself caused an exit status, so that the log need not mention it."""
        return self._last_signal is not None and exit_code == -self._last_signal and not self._is_forwarded
