"""A stub task with arguments: literals, and the return values of ordinary Python tasks."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.sdk import DAG, task

with DAG("newer", schedule=None):

    @task
    def totals() -> dict[str, object]:
        return {"country": "uk", "amount": 2.5}

    @task
    def when() -> datetime:
        return datetime(2026, 1, 31, tzinfo=timezone.utc)

    @task.stub(queue="dagfloe")
    def report(country: str, total: dict, when: datetime, limit: int = 5): ...

    report("europe", totals(), when(), limit=7)
