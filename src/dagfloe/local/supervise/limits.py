"""How long a task and its parts may take."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Durations in seconds. The defaults are Airflow's own, where it has one.

    Attributes:
        startup_s: from the start of the process to both connections.
        task_s: the whole task; None for ever.
        overtime_s: from a terminal message to the process's end.
        escalation_s: from one signal to the next.
        cleanup_s: from the process's end to that of its sockets, and of the processes that it left behind.
        signals: what a process that is to end is sent, in this order.
    """

    startup_s: float = 10.0
    task_s: float | None = None
    overtime_s: float = 20.0
    escalation_s: float = 5.0
    cleanup_s: float = 2.0
    signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)


class Deadlines:
    """Named points in time."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def set(self, name: str, seconds: float | None) -> None:
        """Let one be so many seconds from now; None takes it away."""
        if seconds is None:
            self._at.pop(name, None)
        else:
            self._at[name] = time.monotonic() + seconds

    def clear(self) -> None:
        """Take all away."""
        self._at.clear()

    def remaining_s(self) -> float | None:
        """Seconds to the nearest one; None when there is none."""
        nearest = min(self._at.values(), default=None)
        return None if nearest is None else max(0.0, nearest - time.monotonic())

    def passed(self) -> list[str]:
        """Take away those that have passed, and name them."""
        now = time.monotonic()
        names = [name for name, at in self._at.items() if at <= now]
        for name in names:
            del self._at[name]
        return names
