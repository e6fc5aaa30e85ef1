"""Graphs from manifests."""

from __future__ import annotations

from fractions import Fraction
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


def test_declared_graph() -> None:
    """Edges, rules, retries and mapping come from the declaration; the rest has Airflow's defaults."""
    dag = Bundle().dag("d", params={"limit": 1})
    first = dag.task(task_id="first", retries=2, retry_delay=5)(lambda: [1])
    second = dag.branch(task_id="second", trigger_rule="all_done", queue="q")(lambda item: item)
    with dag:
        second.expand(item=first())
    graph = Graph.from_manifest("d", entry(dag))
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
    assert graph.list_leaves() == ["second"]


def test_undeclared_graph() -> None:
    """Without a declaration, the tasks run one after the other, also after a skipped one."""
    graph = Graph.from_manifest("d", {"tasks": ["c", "a", "b"]})
    assert {task_id: node.upstream for task_id, node in graph.tasks.items()} == {"c": (), "a": ("c",), "b": ("a",)}
    assert {node.trigger_rule for node in graph.tasks.values()} == {"none_failed"}


def test_part_of_a_graph() -> None:
    """A part of a graph has no edges to other tasks."""
    dag = Bundle().dag("d")
    a, b, c = (dag.task(task_id=name)(lambda: None) for name in "abc")
    with dag:
        a >> b >> c
        a >> c
    part = Graph.from_manifest("d", entry(dag)).select(["c", "a"])
    assert {task_id: node.upstream for task_id, node in part.tasks.items()} == {"a": (), "c": ("a",)}


def test_mapped_over_a_task_outside_the_bundle() -> None:
    """A task can be mapped over the XCom of a task that the Dag does not have: the seed may have it."""
    graph = Graph.from_manifest(
        "d", {"tasks": ["a"], "declaration": {"tasks": {"a": {"mapped": {"item": {"xcom": "x"}}}}}}
    )
    assert list(graph.tasks["a"].list_xcom_sources()) == ["x"]


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({"a": {"upstream": ["x"]}}, "lets task 'a' run after 'x', which is not in the Dag"),
        ({"a": {"upstream": ["b"]}, "b": {"upstream": ["a"]}}, "run in a circle: a, b"),
        ({"a": {"upstream": ["a"]}}, "run in a circle: a"),
        ({"z": {}, "b": {"upstream": ["a", "z"]}, "a": {"upstream": ["b"]}, "c": {"upstream": ["a"]}}, "circle: b, a:"),
    ],
)
def test_invalid_graphs(tasks: dict[str, Any], message: str) -> None:
    """An invalid declaration is an error before anything runs."""
    with pytest.raises(DagfloeError, match=message):
        Graph.from_manifest("d", {"tasks": list(tasks), "declaration": {"tasks": tasks}})


@given(
    st.integers(1, 500),
    st.floats(0, 1e6),
    st.booleans() | st.sampled_from([0, 1.0, 1.5, 3, 1e9]),
    st.none() | st.floats(0, 1e6),
)
def test_delays(try_number: int, delay_s: float, backoff: bool | float, max_s: float | None) -> None:
    """A delay is the declared one; an exponential delay is multiplied with each try, up to a limit."""
    node = TaskNode(task_id="t", retry_delay_s=delay_s, retry_exponential_backoff=backoff, max_retry_delay_s=max_s)
    if backoff is not True and backoff in (0, 1):
        assert node.compute_delay_s(try_number) == delay_s
        return
    limit = 86_400.0 if max_s is None else max_s
    factor = Fraction(2 if backoff is True else backoff) ** (try_number - 1)
    expected = min(Fraction(limit), max(Fraction(1), Fraction(delay_s) * factor))
    if factor < 10**300:
        assert node.compute_delay_s(try_number) == pytest.approx(float(expected))
    else:
        assert node.compute_delay_s(try_number) == limit
