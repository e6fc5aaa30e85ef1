"""How long the start of a bundle file may take."""

from __future__ import annotations

#: Airflow waits 10 s for a task to connect (`task_startup_timeout`); another host may take twice as long as this one.
STARTUP_BUDGET_S = 5.0
START_CURE = "run dagfloe cache warm FILE on the workers, or set task_startup_timeout in the coordinator's kwargs"
