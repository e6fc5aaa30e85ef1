"""A native Dag with 1,000 tasks in chains of ten."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import pairwise

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("thousand", schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc))


def work() -> None:
    """Do nothing."""


with dag:
    for chain in range(100):
        tasks = [dag.task(task_id=f"task_{chain}_{number}", retries=2)(work) for number in range(10)]
        for upstream, downstream in pairwise(tasks):
            upstream >> downstream
