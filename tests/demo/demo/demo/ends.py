"""Tasks that end in different states."""

from __future__ import annotations

import logging

from dagfloe import Context, TaskFailed, TaskSkipped
from demo.base import SOON, START, bundle

dag = bundle.dag("ends", start_date=START, tags=["demo"])


@dag.task
def succeeds(context: Context, log: logging.Logger) -> dict[str, object]:
    log.info("counted", extra={"rows": 3, "table": "orders"})
    log.debug("too quiet to be heard")
    print("printed by the task")  # noqa: T201 - goes into the task's log
    return {"rows": 3, "dag": context.dag_id, "task": context.task_id, "run": context.run_id}


@dag.task(retries=2, retry_delay=SOON)
def flaky(context: Context) -> int:
    if context.try_number < 2:
        raise RuntimeError("the first try fails")
    return context.try_number


@dag.task
def fails() -> None:
    try:
        {}["key"]
    except KeyError as error:
        raise ValueError("the order has no key") from error


@dag.task(retries=3, retry_delay=SOON)
def gives_up() -> None:
    raise TaskFailed("no use in trying again")


@dag.task
def skips() -> None:
    raise TaskSkipped("nothing to do")


@dag.task
def after_skip() -> None:
    """Is skipped too."""


with dag:
    skips() >> after_skip()
