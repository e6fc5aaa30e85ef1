"""A Dag's graph as its manifest declares it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from dagfloe.constants import TEARDOWN_RULE
from dagfloe.errors import DagfloeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

#: Airflow's own defaults.
RETRY_DELAY_S = 300.0
MAX_RETRY_DELAY_S = 24 * 60 * 60.0


@dataclass(frozen=True, kw_only=True)
class TaskNode:
    """A task and its declaration. The names are those of the manifest's `declaration`."""

    task_id: str
    kind: str = "task"
    group: str | None = None
    upstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    retries: int = 0
    retry_delay_s: float = RETRY_DELAY_S
    retry_exponential_backoff: bool | float = False
    max_retry_delay_s: float | None = None
    mapped: Mapping[str, Mapping[str, Any]] | None = field(default=None, repr=False)
    queue: str = "default"
    pool: str = "default_pool"
    on_failure_fail_dagrun: bool = False

    def compute_delay_s(self, try_number: int) -> float:
        """Return the declared delay between a try and the next one, in seconds."""
        factor = 2.0 if self.retry_exponential_backoff is True else self.retry_exponential_backoff
        if factor in (0, 1):
            return self.retry_delay_s
        longest_s = MAX_RETRY_DELAY_S if self.max_retry_delay_s is None else self.max_retry_delay_s
        try:
            return min(max(1.0, self.retry_delay_s * factor ** (try_number - 1)), longest_s)
        except OverflowError:
            return longest_s

    def list_xcom_sources(self) -> Iterator[str]:
        """Yield the tasks over whose return values this task is mapped."""
        for source in (self.mapped or {}).values():
            if "xcom" in source:
                yield source["xcom"]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A Dag's tasks.

    Attributes:
        dag_id: the Dag's id.
        tasks: the tasks by task_id, in the manifest's order.
        params: the defaults of the declared params.
        param_schemas: the declared params that have a JSON schema.
        is_fail_fast: whether the first failure ends the run.
    """

    dag_id: str
    tasks: Mapping[str, TaskNode]
    params: Mapping[str, Any] = field(default_factory=dict)
    param_schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_fail_fast: bool = False

    @classmethod
    def from_manifest(cls, dag_id: str, entry: Mapping[str, Any]) -> Graph:
        """Read a Dag's entry in a valid manifest. Without a declaration, the tasks run one after the other.

        Raises:
            DagfloeError: if the declared graph has a cycle, or an edge to a task that does not exist.
        """
        task_ids = list(entry["tasks"])
        declaration = entry.get("declaration")
        if not isinstance(declaration, dict):
            nodes = {
                task_id: TaskNode(
                    task_id=task_id, upstream=tuple(task_ids[max(0, place - 1) : place]), trigger_rule="none_failed"
                )
                for place, task_id in enumerate(task_ids)
            }
            return cls(dag_id=dag_id, tasks=nodes)
        nodes = {task_id: _read_node(task_id, declaration["tasks"].get(task_id, {})) for task_id in task_ids}
        graph = cls(
            dag_id=dag_id,
            tasks=nodes,
            params=declaration.get("params", {}),
            param_schemas=declaration.get("param_schemas", {}),
            is_fail_fast=declaration.get("fail_fast", False),
        )
        graph.check()
        return graph

    def select(self, task_ids: Collection[str]) -> Graph:
        """Return the part of the graph with these tasks, without edges to other tasks."""
        tasks = {
            task_id: replace(node, upstream=tuple(upstream for upstream in node.upstream if upstream in task_ids))
            for task_id, node in self.tasks.items()
            if task_id in task_ids
        }
        return replace(self, tasks=tasks)

    def list_leaves(self) -> list[str]:
        """Return the tasks without downstream tasks."""
        upstream_ids = {task_id for node in self.tasks.values() for task_id in node.upstream}
        return [task_id for task_id in self.tasks if task_id not in upstream_ids]

    def check(self) -> None:
        """Check that all edges lead to tasks of the graph, and that there is no cycle.

        Raises:
            DagfloeError: if the graph is invalid.
        """
        edges = {task_id: {*node.upstream, *node.list_xcom_sources()} for task_id, node in self.tasks.items()}
        for task_id, node in self.tasks.items():
            for upstream in node.upstream:  # the XCom of a task outside the bundle may come from the seed
                if upstream not in self.tasks:
                    raise DagfloeError(
                        f"in Dag {self.dag_id!r}, the manifest lets task {task_id!r} run after {upstream!r}, which is "
                        "not in the Dag: rebuild the bundle"
                    )
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as error:
            cycle = [task_id for task_id in self.tasks if task_id in error.args[1]]
            raise DagfloeError(
                f"in Dag {self.dag_id!r}, the manifest lets tasks run in a circle: {', '.join(cycle)}: rebuild the "
                "bundle"
            ) from error


def _read_node(task_id: str, declaration: Mapping[str, Any]) -> TaskNode:
    fields = {name: declaration[name] for name in TaskNode.__dataclass_fields__ if name in declaration}
    if fields.get("kind") == "teardown":
        fields["trigger_rule"] = TEARDOWN_RULE
    return TaskNode(task_id=task_id, **{**fields, "upstream": tuple(declaration.get("upstream", ()))})
