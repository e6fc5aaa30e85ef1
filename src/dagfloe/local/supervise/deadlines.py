"""The phases of a task that must end in time, and their deadlines."""

from __future__ import annotations

import time
from enum import Enum


class Phase(Enum):
    """What the supervisor waits for. A phase ends the task, or a part of it, when its time is up."""

    STARTUP = "startup"  #: from the start of the process to both connections
    TASK = "task"  #: from the start of the process to its end
    OVERTIME = "overtime"  #: from the terminal message to the end of the process
    ESCALATION = "escalation"  #: from one signal to the next
    CLEANUP = "cleanup"  #: from the end of the process to the end of its sockets
    LAST_READ = "last read"  #: from the killing of leftover processes to the end of their output


class Deadlines:
    """The deadlines of the current phases."""

    def __init__(self) -> None:
        self._times: dict[Phase, float] = {}

    def set(self, phase: Phase, seconds: float | None) -> None:
        """Set a phase's deadline to a number of seconds from now; None removes it."""
        if seconds is None:
            self._times.pop(phase, None)
        else:
            self._times[phase] = time.monotonic() + seconds

    def clear(self) -> None:
        """Remove all deadlines."""
        self._times.clear()

    def remaining_s(self) -> float | None:
        """Return the seconds until the next deadline, or None if no deadline is set."""
        nearest = min(self._times.values(), default=None)
        return None if nearest is None else max(0.0, nearest - time.monotonic())

    def pop_expired(self) -> list[Phase]:
        """Remove the deadlines that have passed, and return their phases."""
        now = time.monotonic()
        expired = [phase for phase, deadline in self._times.items() if deadline <= now]
        for phase in expired:
            del self._times[phase]
        return expired
