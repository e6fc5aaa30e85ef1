"""The bundle of `shop`, and a Dag whose function the module never calls."""

from __future__ import annotations

from datetime import timedelta

from dagfloe import TaskDeferred, task
from shop import bundle, dag

__all__ = ["bundle"]


@dag("patient")
def patient() -> None:
    number = 3

    @task
    def wait() -> None:
        raise TaskDeferred(
            "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger",
            {"delta": timedelta(seconds=1)},
            resume=arrived,
            kwargs={"number": number},
        )

    @wait.resume
    def arrived(event: object, number: int) -> int:
        return number + len(str(event)) * 0

    wait()
