"""Tasks that wait without occupying a worker."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from dagfloe import Client, Context, HumanAnswer, TaskDeferred
from demo.base import START, bundle

dag = bundle.dag("waits", start_date=START)


@dag.task
def defers(log: logging.Logger) -> None:
    log.info("before the trigger")
    trigger = "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger"
    raise TaskDeferred(
        trigger,
        {"delta": timedelta(seconds=4)},
        resume=resumed,
        kwargs={"rows": (1, 2)},
        timeout=timedelta(minutes=2),
    )


@defers.resume
def resumed(event: datetime, rows: tuple[int, ...], context: Context, log: logging.Logger) -> dict[str, object]:
    log.info("after the trigger")
    return {"event": event.isoformat(), "rows": list(rows), "try": context.try_number}


@dag.task
def reschedules(client: Client, log: logging.Logger) -> str:
    log.info("looking")
    return client.poke(
        lambda: client.get_variable("e2e_arrived", default=""),
        interval=timedelta(seconds=2),
        timeout=timedelta(minutes=3),
    )


@dag.task
def asks(client: Client) -> None:
    client.human_input.ask(
        "Publish the report?",
        ["yes", "no"],
        body="**Now?**",
        defaults=["no"],
        params={"comment": ""},
        timeout=timedelta(minutes=5),
        resume=answered,
    )


@asks.resume
def answered(event: HumanAnswer) -> dict[str, object]:
    return {"chosen": list(event.chosen_options), "comment": event.params_input["comment"], "late": event.timedout}
