"""How long a task and its parts may take."""

from __future__ import annotations

import signal
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Durations in seconds. The defaults are Airflow's own, where Airflow has one.

    Attributes:
        startup_s: from the start of the process to both connections.
        task_s: the whole task; None means no limit.
        overtime_s: from a terminal message to the end of the process.
        escalation_s: from one signal to the next.
        cleanup_s: from the end of the process to the end of its sockets and of the processes that it left behind.
        signals: the signals that stop a process, in this order.
    """

    startup_s: float = 10.0
    task_s: float | None = None
    overtime_s: float = 20.0
    escalation_s: float = 5.0
    cleanup_s: float = 2.0
    signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)
