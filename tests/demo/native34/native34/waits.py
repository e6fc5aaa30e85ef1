"""Tasks that wait without occupying a worker."""

from __future__ import annotations

from datetime import datetime, timedelta

from dagfloe import Client, Context, TaskDeferred
from native34.base import START, bundle

dag = bundle.dag("native_waits", start_date=START)


@dag.task
def defers() -> None:
    trigger = "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger"
    raise TaskDeferred(trigger, {"delta": timedelta(seconds=2)}, resume=resumed, kwargs={"rows": (1, 2)})


@defers.resume
def resumed(event: datetime, rows: tuple[int, ...], context: Context) -> dict[str, object]:
    return {"event": event.isoformat(), "rows": list(rows), "try": context.try_number}


@dag.task
def reschedules(client: Client) -> str:
    return client.poke(
        lambda: client.get_variable("e2e_native_arrived", default=""),
        interval=timedelta(seconds=2),
        timeout=timedelta(minutes=3),
    )
