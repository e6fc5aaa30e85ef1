"""How a task's process is ended: one signal, and the next one when it did not help. Knows no sockets."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal

    from dagfloe.local.supervise.limits import Deadlines, Limits
    from dagfloe.local.supervise.task_process import Child


class Ending:
    """The end of a process by signals.

    Args:
        limits: which signals, and how long from one to the next.
        deadlines: gets `escalation`, at which `escalate` is to be called.

    Attributes:
        has_begun: whether the process was sent a signal.
        gave_up: whether no signal has helped.
    """

    def __init__(self, limits: Limits, deadlines: Deadlines) -> None:
        self.has_begun = self.gave_up = False
        self._left = deque(limits.signals)
        self._last: signal.Signals | None = None
        self._is_passed_on = False
        self._escalation_s = limits.escalation_s
        self._deadlines = deadlines

    @property
    def what_next(self) -> str:
        """What comes when the last signal has not helped."""
        return "escalating" if self._left else "giving up"

    def begin(self, child: Child, *, is_passed_on: bool) -> None:
        """Send the first signal.

        Args:
            child: the process.
            is_passed_on: whether somebody told this process to stop, and the child only hears of it.
        """
        self.has_begun = True
        self._is_passed_on = is_passed_on
        self.escalate(child)

    def escalate(self, child: Child) -> None:
        """Send the next signal, or give up."""
        if not self._left:
            self.gave_up = True
            return
        self._last = self._left.popleft()
        child.signal(self._last)
        self._deadlines.set("escalation", self._escalation_s)

    def explains(self, exit_code: int) -> bool:
        """Whether an exit status comes from a signal that was this side's own idea, and so is no news."""
        return self._last is not None and exit_code == -self._last and not self._is_passed_on
