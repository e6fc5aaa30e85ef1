"""Arguments from the bundle: literals and XComs, converted to the types of annotations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from dagfloe import Client
from demo.base import START, bundle

dag = bundle.dag("arguments", start_date=START)


class Row(TypedDict):
    country: str
    amount: float


@dataclass
class Total:
    country: str
    amount: float


@dag.task
def extract() -> list[Row]:
    return [{"country": "uk", "amount": 2.5}]


@dag.task
def transform(rows: list[Row], factor: int, client: Client) -> dict[str, object]:
    assert isinstance(client, Client)
    return {"country": rows[0]["country"], "amount": rows[0]["amount"] * factor}


@dag.task
def load(total: Total, table: str = "none", *, options: dict[str, list[Row]]) -> str:
    return f"{table}: {total.country} {total.amount} {options['rows'][0]['amount']}"


with dag:
    rows = extract()
    load(transform(rows, 2), table="sales", options={"rows": rows})
