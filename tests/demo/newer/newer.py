"""A Dag for Airflow 3.4 that takes its arguments from the stub Dag."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("newer")


@dataclass
class Total:
    country: str
    amount: float


@dag.task
def report(client: Client, country: str, total: Total, when: datetime, limit: int = 5) -> str:
    assert isinstance(client, Client)
    return f"{country}: {total.country} {total.amount} {when.year} {limit}"
