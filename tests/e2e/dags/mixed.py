"""Ordinary Python tasks before and after one of a bundle."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.sdk import DAG, task

with DAG("mixed", schedule=None):

    @task
    def pushes() -> dict[str, object]:
        return {"n": 21, "when": datetime(2026, 1, 31, tzinfo=timezone.utc)}

    @task.stub(queue="dagfloe")
    def later(): ...

    @task
    def pulls(result: dict[str, object]) -> list[str]:
        return [f"{key}: {value}" for key, value in sorted(result.items())]

    first, second = pushes(), later()
    first >> second
    pulls(second)
