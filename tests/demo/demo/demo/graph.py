"""A branch, a short circuit and mapped tasks."""

from __future__ import annotations

from dagfloe import Client
from demo.base import START, bundle

dag = bundle.dag("graph", start_date=START)


@dag.branch
def chooses() -> str:
    return "left"


@dag.task
def left() -> None: ...


@dag.task
def right() -> None: ...


@dag.task(trigger_rule="none_failed_min_one_success")
def joins() -> str:
    return "joined"


@dag.short_circuit
def is_needed() -> bool:
    return False


@dag.task
def archive() -> None: ...


@dag.task
def shops() -> list[str]:
    return ["north", "south", "far east"]


@dag.task
def load(shop: str, *, factor: int, client: Client) -> int:
    client.task_instances.set_rendered_map_index(shop)
    return len(shop) * factor


@dag.task
def add(counts: list[int]) -> int:
    return sum(counts)


with dag:
    chooses() >> [left(), right()] >> joins()
    is_needed() >> archive()
    add(load.partial(factor=10).expand(shop=shops()))
