"""The scheduler's decisions, without processes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.authoring.scheduling.options import TRIGGER_RULES
from dagfloe.constants import FINISHED
from dagfloe.local.schedule.manifest_graph import Graph
from dagfloe.local.schedule.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping


def graph(**tasks: dict[str, Any]) -> Graph:
    """Return a graph of tasks with these declarations."""
    return Graph.from_manifest("d", {"tasks": list(tasks), "declaration": {"tasks": tasks}})


def after(*upstream: str, **declaration: Any) -> dict[str, Any]:
    return {"upstream": list(upstream), **declaration}


class Run:
    """Runs the task instances in waves. Each ends in its state in `end_states`, by default in success."""

    def __init__(
        self, graph: Graph, end_states: Mapping[str, str] = {}, lengths: Mapping[str, int | None] = {}
    ) -> None:
        self.end_states = end_states
        self.scheduler = Scheduler(graph, lengths.get)
        self.waves: list[list[str]] = []

    def wave(self, skips: Mapping[str, list[Any]] = {}) -> bool:
        """Run the task instances that are ready. Return whether there were any."""
        queued, _ = self.scheduler.advance()
        self.waves.append([instance.name for instance in queued])
        for instance in queued:
            instance.state = self.end_states.get(instance.name, "success")
            self.scheduler.skip(skips.get(instance.name, []))
        return bool(queued)

    def run_all(self, skips: Mapping[str, list[Any]] = {}) -> dict[str, str | None]:
        """Run everything, and return the states."""
        while self.wave(skips):
            pass
        self.waves.pop()
        return {instance.name: instance.state for instance in self.scheduler.instances}


def test_order() -> None:
    """A task is ready as soon as all its upstream tasks are done. Waves have the order of the graph."""
    run = Run(graph(a=after(), b=after(), c=after("a", "b"), d=after("a"), e=after("c", "d")))
    assert set(run.run_all().values()) == {"success"}
    assert run.waves == [["a", "b"], ["c", "d"], ["e"]]
    assert run.scheduler.is_done
    assert run.scheduler.state == "success"


def test_failure() -> None:
    """All tasks downstream of a failure do not run; the others do."""
    run = Run(graph(a=after(), b=after("a"), c=after("b"), d=after()), {"a": "failed"})
    assert run.run_all() == {"a": "failed", "b": "upstream_failed", "c": "upstream_failed", "d": "success"}
    assert run.scheduler.state == "failed"


def test_last_tasks_decide() -> None:
    """A Dag run succeeds if its last tasks do, as in Airflow."""
    run = Run(graph(a=after(), clean=after("a", trigger_rule="all_done")), {"a": "failed"})
    assert run.run_all() == {"a": "failed", "clean": "success"}
    assert run.scheduler.state == "success"


def test_branch() -> None:
    """Tasks that a branch skips are skipped at once, whatever their trigger rule is; a join can run."""
    tasks = graph(
        pick=after(),
        left=after("pick"),
        right=after("pick", trigger_rule="all_done"),
        far=after("right"),
        join=after("left", "far", trigger_rule="none_failed_min_one_success"),
    )
    run = Run(tasks)
    states = run.run_all({"pick": ["right"]})
    assert states == {"pick": "success", "left": "success", "right": "skipped", "far": "skipped", "join": "success"}
    assert run.waves == [["pick"], ["left"], ["join"]]


@pytest.mark.parametrize(
    ("mapped", "lengths", "names"),
    [
        ({"x": {"values": [1, 2]}}, {}, ["m[0]", "m[1]"]),
        ({"x": {"values": {"k": 1}}}, {}, ["m[0]"]),
        ({"x": {"length": 3}}, {}, ["m[0]", "m[1]", "m[2]"]),
        ({"x": {"xcom": "a"}}, {"a": 2}, ["m[0]", "m[1]"]),
        ({"x": {"xcom": "a"}, "y": {"values": [1, 2]}}, {"a": 2}, ["m[0]", "m[1]", "m[2]", "m[3]"]),
    ],
)
def test_mapping(mapped: dict[str, Any], lengths: dict[str, int | None], names: list[str]) -> None:
    """A mapped task has an instance for each combination; downstream tasks wait for all of them."""
    run = Run(graph(a=after(), m=after("a", mapped=mapped), z=after("m")), lengths=lengths)
    assert set(run.run_all().values()) == {"success"}
    assert run.waves == [["a"], names, ["z"]]


def test_mapping_over_an_empty_list() -> None:
    """A task that is mapped over an empty list is skipped, and so are its downstream tasks."""
    run = Run(graph(a=after(), m=after("a", mapped={"x": {"xcom": "a"}}), z=after("m")), lengths={"a": 0})
    assert run.run_all() == {"a": "success", "m": "skipped", "z": "skipped"}


def test_mapping_over_a_missing_value() -> None:
    """A task without a list to map over does not run, and its note says why."""
    run = Run(graph(a=after(), m=after("a", mapped={"x": {"xcom": "a"}}, trigger_rule="always")))
    assert run.run_all() == {"a": "success", "m": "upstream_failed"}
    (mapped,) = (instance for instance in run.scheduler.instances if instance.name == "m")
    assert mapped.note == "it is mapped over 'x', but the upstream task pushed nothing to map over"


def test_one_failure_among_mapped_instances() -> None:
    """Task instances end independently, and downstream tasks see all their states."""
    tasks = graph(
        m=after(mapped={"x": {"length": 3}}),
        z=after("m"),
        some=after("m", trigger_rule="one_success"),
        end=after("m", trigger_rule="all_done"),
    )
    assert Run(tasks, {"m[1]": "failed"}).run_all() == {
        "m[0]": "success",
        "m[1]": "failed",
        "m[2]": "success",
        "z": "upstream_failed",
        "some": "success",
        "end": "success",
    }


def test_skips_of_mapped_tasks() -> None:
    """A task_id skips a whole mapped task, and a map index skips one instance."""
    tasks = graph(pick=after(), m=after("pick", mapped={"x": {"length": 2}}))
    assert Run(tasks).run_all({"pick": ["m"]}) == {"pick": "success", "m": "skipped"}
    assert Run(tasks).run_all({"pick": [["m", 1]]}) == {"pick": "success", "m[0]": "success", "m[1]": "skipped"}


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_every_run_ends(seed: int, count: int) -> None:
    """Any graph with any end states ends: all tasks have final states, and each ran at most once."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    names = [f"t{number}" for number in range(count)]
    tasks = {
        name: after(*rng.sample(names[:place], rng.randint(0, min(3, place))), trigger_rule=rng.choice(TRIGGER_RULES))
        for place, name in enumerate(names)
    }
    end_states = {name: rng.choice(["success", "failed", "skipped", "removed"]) for name in names}
    run = Run(graph(**tasks), end_states)
    states = run.run_all()
    assert set(states.values()) <= FINISHED
    assert run.scheduler.is_done
    ran = [name for wave in run.waves for name in wave]
    assert len(ran) == len(set(ran))
    assert all(states[name] == end_states[name] for name in ran)
