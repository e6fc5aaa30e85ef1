"""The small task as an ordinary Airflow task."""

from __future__ import annotations

import logging

from airflow.sdk import Variable, dag, task


@dag(schedule=None)
def ordinary() -> None:
    """One task."""

    @task
    def work() -> dict[str, str]:
        log = logging.getLogger("work")
        name = Variable.get("name")
        for number in range(10):
            log.info("record %d for %s", number, name)
        return {"greeting": f"Hello, {name}!"}

    work()


ordinary()
