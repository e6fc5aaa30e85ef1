"""A Dag's graph as its manifest declares it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dagfloe.errors import DagfloeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

#: Airflow's own defaults.
RETRY_DELAY_S = 300.0
MAX_RETRY_DELAY_S = 24 * 60 * 60.0


@dataclass(frozen=True, kw_only=True)
class TaskNode:
    """A task and what is declared of it; the names are those of the manifest's `declaration`."""

    task_id: str
    kind: str = "task"
    group: str | None = None
    upstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    retries: int = 0
    retry_delay_s: float = RETRY_DELAY_S
    retry_exponential_backoff: bool = False
    max_retry_delay_s: float | None = None
    mapped: Mapping[str, Mapping[str, Any]] | None = field(default=None, repr=False)
    queue: str = "default"
    pool: str = "default_pool"

    def delay_s(self, try_number: int) -> float:
        """The declared time between a try and the next one, in seconds."""
        if not self.retry_exponential_backoff:
            return self.retry_delay_s
        # From 60 doublings on, any delay is longer than the longest.
        grown = max(1.0, self.retry_delay_s * 2.0 ** min(60, try_number - 1))
        return min(grown, MAX_RETRY_DELAY_S if self.max_retry_delay_s is None else self.max_retry_delay_s)


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A Dag's tasks.

    Attributes:
        dag_id: the Dag's id.
        tasks: the tasks by task_id, in the manifest's order.
        params: the declared params.
        is_declared: whether the manifest says what runs after what; if not, the tasks run one after the other.
    """

    dag_id: str
    tasks: Mapping[str, TaskNode]
    params: Mapping[str, Any] = field(default_factory=dict)
    is_declared: bool = True

    @classmethod
    def from_manifest(cls, dag_id: str, entry: Mapping[str, Any]) -> Graph:
        """Read a Dag's entry in a manifest that was validated.

        Raises:
            DagfloeError: when the declared graph has a cycle, or names a task that is not in it.
        """
        task_ids = list(entry["tasks"])
        declared = entry.get("declaration")
        if not isinstance(declared, dict):
            nodes = {
                task_id: TaskNode(
                    task_id=task_id, upstream=tuple(task_ids[max(0, place - 1) : place]), trigger_rule="none_failed"
                )
                for place, task_id in enumerate(task_ids)
            }
            return cls(dag_id=dag_id, tasks=nodes, is_declared=False)
        nodes = {task_id: _node(task_id, declared["tasks"].get(task_id, {})) for task_id in task_ids}
        graph = cls(dag_id=dag_id, tasks=nodes, params=declared.get("params", {}))
        graph.check()
        return graph

    def only(self, task_ids: Collection[str]) -> Graph:
        """The part of the graph that holds some of its tasks; edges to the others are gone."""
        kept = {
            task_id: replace(node, upstream=tuple(each for each in node.upstream if each in task_ids))
            for task_id, node in self.tasks.items()
            if task_id in task_ids
        }
        return replace(self, tasks=kept)

    def leaves(self) -> list[str]:
        """The tasks that no other one runs after."""
        before = {each for node in self.tasks.values() for each in node.upstream}
        return [task_id for task_id in self.tasks if task_id not in before]

    def check(self) -> None:
        """Complain of edges that lead nowhere or round in a circle."""
        for node in self.tasks.values():
            for each in (*node.upstream, *_sources(node)):
                if each not in self.tasks:
                    raise DagfloeError(
                        f"in Dag {self.dag_id!r}, the manifest lets task {node.task_id!r} run after {each!r}, which is "
                        "not in it: build the bundle anew"
                    )
        waiting = {task_id: set(node.upstream) | set(_sources(node)) for task_id, node in self.tasks.items()}
        while free := [task_id for task_id, before in waiting.items() if not before]:
            for task_id in free:
                del waiting[task_id]
            for before in waiting.values():
                before.difference_update(free)
        if waiting:
            raise DagfloeError(
                f"in Dag {self.dag_id!r}, the manifest lets tasks run in a circle: {', '.join(waiting)}: build the "
                "bundle anew"
            )


def _sources(node: TaskNode) -> Iterator[str]:
    """The tasks over whose return values a task is mapped."""
    for source in (node.mapped or {}).values():
        if "xcom" in source:
            yield source["xcom"]


def _node(task_id: str, said: Mapping[str, Any]) -> TaskNode:
    known = {name: said[name] for name in TaskNode.__dataclass_fields__ if name in said}
    return TaskNode(task_id=task_id, **{**known, "upstream": tuple(said.get("upstream", ()))})
