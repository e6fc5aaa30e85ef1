"""A native Dag with three tasks, made at each parse."""

from __future__ import annotations

from datetime import datetime, timezone

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("at_parse", schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), tags=["small"])


@dag.task(retries=2)
def extract() -> list[int]:
    """Return some numbers."""
    return [1, 2, 3]


@dag.task
def transform(numbers: list[int]) -> int:
    """Add numbers."""
    return sum(numbers)


@dag.task
def load(total: int, table: str) -> None:
    """Do nothing with a number."""


with dag:
    load(transform(extract()), table="sales")
