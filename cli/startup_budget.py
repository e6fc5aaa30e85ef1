"""How long the start of a bundle file may take."""

from __future__ import annotations

#: Airflow waits 10 s for a task to connect (`task_startup_timeout`), and a worker may be twice as slow as this host.
STARTUP_BUDGET_S = 5.0
SLOW_START_CURE = "run `dagfloe cache warm FILE` on the workers, or raise the coordinator's task_startup_timeout"
