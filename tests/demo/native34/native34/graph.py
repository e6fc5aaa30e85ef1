"""A branch with labels, a group, mapped tasks, and a setup with its teardown."""

from __future__ import annotations

from dagfloe import Client, Label
from native34.base import START, bundle

dag = bundle.dag("native_graph", start_date=START)
SHOPS = ["north", "south", "far east"]


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


with dag.group("shops", tooltip="one task instance for each shop", ui_color="#d6eadf"):

    @dag.task
    def names() -> list[str]:
        return SHOPS

    @dag.task
    def count(shop: str, *, factor: int, client: Client) -> int:
        client.task_instances.set_rendered_map_index(shop)
        return len(shop) * factor


@dag.task
def add(counts: list[int]) -> int:
    return sum(counts)


with dag:
    chooses() >> Label("open") >> left()
    chooses >> Label("closed") >> right()
    [left, right] >> joins()
    add(count.partial(factor=10).expand(shop=names()))

cluster = bundle.dag("native_cluster", start_date=START)


@cluster.setup
def create() -> str:
    return "cluster-1"


@cluster.task
def work(cluster_id: str) -> None:
    raise ValueError(f"{cluster_id} has no memory left")


@cluster.teardown
def delete(cluster_id: str) -> str:
    return f"{cluster_id} is deleted"


with cluster:
    created = create()
    work(created) >> delete(created)
