"""Arguments from XComs and from the `with dag:` block, and params."""

from __future__ import annotations

from dagfloe import Context, Param
from native34.base import START, bundle

dag = bundle.dag(
    "native_values",
    start_date=START,
    params={"country": "uk", "limit": Param(5, description="how many", type="integer", minimum=1)},
)


@dag.task
def extract() -> list[int]:
    return [1, 2, 3]


@dag.task
def total(rows: list[int], factor: int, labels: dict[str, list[str]]) -> dict[str, object]:
    return {"total": sum(rows) * factor, "labels": labels}


@dag.task
def report(totals: dict[str, object], when: tuple[int, int], context: Context) -> dict[str, object]:
    return {**totals, "when": when, "params": dict(context.params)}


with dag:
    report(total(extract(), 10, labels={"shop": ["north", "south"]}), when=(2026, 11))
