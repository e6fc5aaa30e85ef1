"""A Dag's graph, read from a manifest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Bundle
from dagfloe.errors import DagfloeError
from dagfloe.local.schedule.manifest_graph import Graph, TaskNode
from dagfloe.runtime.declaration import describe_dag


def entry(dag: Any) -> dict[str, Any]:
    return {"tasks": list(dag.tasks), "declaration": describe_dag(dag)}


def test_a_declared_graph() -> None:
    """Edges, rules, retries and mapping come from the declaration; what it leaves out is as in Airflow."""
    dag = Bundle().dag("d", params={"limit": 1})
    first = dag.task(task_id="first", retries=2, retry_delay=5)(lambda: [1])
    second = dag.branch(task_id="second", trigger_rule="all_done", queue="q")(lambda item: item)
    with dag:
        second.expand(item=first())
    graph = Graph.from_manifest("d", entry(dag))
    assert graph.is_declared
    assert graph.params == {"limit": 1}
    assert graph.tasks["first"] == TaskNode(task_id="first", retries=2, retry_delay_s=5.0)
    assert graph.tasks["second"] == TaskNode(
        task_id="second",
        kind="branch",
        upstream=("first",),
        trigger_rule="all_done",
        queue="q",
        mapped={"item": {"xcom": "first"}},
    )
    assert graph.leaves() == ["second"]


def test_an_undeclared_graph() -> None:
    """The tasks of a bundle that declares nothing run one after the other, past those that are skipped."""
    graph = Graph.from_manifest("d", {"tasks": ["c", "a", "b"]})
    assert not graph.is_declared
    assert {task_id: node.upstream for task_id, node in graph.tasks.items()} == {"c": (), "a": ("c",), "b": ("a",)}
    assert {node.trigger_rule for node in graph.tasks.values()} == {"none_failed"}


def test_a_part_of_a_graph() -> None:
    """Edges to tasks that are left out are gone."""
    dag = Bundle().dag("d")
    a, b, c = (dag.task(task_id=name)(lambda: None) for name in "abc")
    with dag:
        a >> b >> c
        a >> c
    part = Graph.from_manifest("d", entry(dag)).only(["c", "a"])
    assert {task_id: node.upstream for task_id, node in part.tasks.items()} == {"a": (), "c": ("a",)}


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({"a": {"upstream": ["x"]}}, "lets task 'a' run after 'x', which is not in it"),
        ({"a": {"mapped": {"item": {"xcom": "x"}}}}, "lets task 'a' run after 'x', which is not in it"),
        ({"a": {"upstream": ["b"]}, "b": {"upstream": ["a"]}}, "run in a circle: a, b"),
        ({"a": {"upstream": ["a"]}}, "run in a circle: a"),
    ],
)
def test_graphs_that_cannot_be(tasks: dict[str, Any], message: str) -> None:
    """A damaged declaration is refused before anything runs."""
    with pytest.raises(DagfloeError, match=message):
        Graph.from_manifest("d", {"tasks": list(tasks), "declaration": {"tasks": tasks}})


@given(st.integers(1, 500), st.floats(0, 1e6), st.booleans(), st.none() | st.floats(0, 1e6))
def test_delays(try_number: int, delay_s: float, grows: bool, longest_s: float | None) -> None:
    """A delay is the declared one; one that grows doubles with each try, and has a limit."""
    node = TaskNode(task_id="t", retry_delay_s=delay_s, retry_exponential_backoff=grows, max_retry_delay_s=longest_s)
    if not grows:
        assert node.delay_s(try_number) == delay_s
        return
    limit = 86_400.0 if longest_s is None else longest_s
    assert node.delay_s(try_number) == min(limit, max(1.0, delay_s * 2.0 ** min(60, try_number - 1)))
