"""Tasks for the rows of the conformance page that only a supervisor of Airflow 3.4 offers."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from dagfloe import Asset, Client, Context, RetryDecision
from newer import Total, bundle

dag = bundle.dag("conformance34")


@dag.task
def by_name(client: Client, country: str, total: Total, limit: int = 5) -> str:
    assert isinstance(client, Client)
    return f"{country} {total.country} {total.amount} {limit}"


@dag.task
def notes(client: Client) -> None:
    client.dag_runs.update_note("written by a task")


@dag.task(execution_timeout=timedelta(seconds=0.5))
def stuck(context: Context) -> None:
    with context.shield():  # like code that Python cannot interrupt
        time.sleep(60)


@dag.task
def filtered(client: Client) -> list[Any]:
    events = client.assets.events(Asset("sales", "s3://bucket/sales"), partition_key="june", extra={"a": "b"})
    return [event.id for event in events]


@dag.task
def iterated(client: Client) -> Any:
    return client.xcom.get("up", previous_iteration=True)


@dag.task(retry_policy=lambda _error, _try_number: RetryDecision.fail("no such key"))
def refused() -> None:
    raise KeyError("x")
