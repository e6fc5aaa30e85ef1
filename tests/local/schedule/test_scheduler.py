"""Which task instances run, without running any."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.authoring.options import TRIGGER_RULES
from dagfloe.local.schedule.manifest_graph import Graph
from dagfloe.local.schedule.scheduler import Scheduler
from dagfloe.model.states import FINISHED

if TYPE_CHECKING:
    from collections.abc import Mapping


def graph(**tasks: dict[str, Any]) -> Graph:
    """A graph whose tasks declare this."""
    return Graph.from_manifest("d", {"tasks": list(tasks), "declaration": {"tasks": tasks}})


def after(*upstream: str, **more: Any) -> dict[str, Any]:
    return {"upstream": list(upstream), **more}


class Run:
    """Runs everything that is ready, in waves; each task instance ends in the state that is said, else in success."""

    def __init__(self, graph: Graph, ends: Mapping[str, str] = {}, lengths: Mapping[str, int | None] = {}) -> None:
        self.ends = ends
        self.scheduler = Scheduler(graph, lengths.get)
        self.waves: list[list[str]] = []

    def wave(self, skips: Mapping[str, list[Any]] = {}) -> bool:
        """Run what is ready; whether there was something."""
        queued, _ = self.scheduler.advance()
        self.waves.append([instance.name for instance in queued])
        for instance in queued:
            instance.state = self.ends.get(instance.name, "success")
            self.scheduler.skip(skips.get(instance.name, []))
        return bool(queued)

    def go(self, skips: Mapping[str, list[Any]] = {}) -> dict[str, str | None]:
        """Run everything; the states."""
        while self.wave(skips):
            pass
        self.waves.pop()
        return {instance.name: instance.state for instance in self.scheduler.instances}


def test_order() -> None:
    """What depends on nothing that is not done is ready at once, in the order of the graph."""
    run = Run(graph(a=after(), b=after(), c=after("a", "b"), d=after("a"), e=after("c", "d")))
    assert set(run.go().values()) == {"success"}
    assert run.waves == [["a", "b"], ["c", "d"], ["e"]]
    assert run.scheduler.is_done
    assert run.scheduler.state == "success"


def test_failure() -> None:
    """What comes after a failure is left out, near and far; the rest runs."""
    run = Run(graph(a=after(), b=after("a"), c=after("b"), d=after()), {"a": "failed"})
    assert run.go() == {"a": "failed", "b": "upstream_failed", "c": "upstream_failed", "d": "success"}
    assert run.scheduler.state == "failed"


def test_the_last_tasks_decide() -> None:
    """A Dag run succeeds when its last tasks do, as in Airflow."""
    run = Run(graph(a=after(), clean=after("a", trigger_rule="all_done")), {"a": "failed"})
    assert run.go() == {"a": "failed", "clean": "success"}
    assert run.scheduler.state == "success"


def test_a_branch() -> None:
    """Tasks that a branch skips are skipped at once, whatever their trigger rule; a join may go on."""
    tasks = graph(
        pick=after(),
        left=after("pick"),
        right=after("pick", trigger_rule="all_done"),
        far=after("right"),
        join=after("left", "far", trigger_rule="none_failed_min_one_success"),
    )
    run = Run(tasks)
    states = run.go({"pick": ["right"]})
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
    """A mapped task has an instance for each combination; what comes after waits for all of them."""
    run = Run(graph(a=after(), m=after("a", mapped=mapped), z=after("m")), lengths=lengths)
    assert set(run.go().values()) == {"success"}
    assert run.waves == [["a"], names, ["z"]]


def test_mapping_over_nothing() -> None:
    """A task that is mapped over an empty list is skipped, and what comes after it, too."""
    run = Run(graph(a=after(), m=after("a", mapped={"x": {"xcom": "a"}}), z=after("m")), lengths={"a": 0})
    assert run.go() == {"a": "success", "m": "skipped", "z": "skipped"}


def test_mapping_over_what_is_not_there() -> None:
    """Without a list to map over there is nothing to run, and a reason."""
    run = Run(graph(a=after(), m=after("a", mapped={"x": {"xcom": "a"}}, trigger_rule="always")))
    assert run.go() == {"a": "success", "m": "upstream_failed"}
    (mapped,) = (each for each in run.scheduler.instances if each.name == "m")
    assert mapped.note == "it is mapped over 'x', and the task before it pushed nothing for that"


def test_one_failure_among_mapped_instances() -> None:
    """Each instance ends by itself, and each counts for what comes after."""
    tasks = graph(
        m=after(mapped={"x": {"length": 3}}),
        z=after("m"),
        some=after("m", trigger_rule="one_success"),
        end=after("m", trigger_rule="all_done"),
    )
    assert Run(tasks, {"m[1]": "failed"}).go() == {
        "m[0]": "success",
        "m[1]": "failed",
        "m[2]": "success",
        "z": "upstream_failed",
        "some": "success",
        "end": "success",
    }


def test_skips_of_mapped_tasks() -> None:
    """A mapped task is skipped as a whole by its id, and by instances by their map indexes."""
    tasks = graph(pick=after(), m=after("pick", mapped={"x": {"length": 2}}))
    assert Run(tasks).go({"pick": ["m"]}) == {"pick": "success", "m": "skipped"}
    assert Run(tasks).go({"pick": [["m", 1]]}) == {"pick": "success", "m[0]": "success", "m[1]": "skipped"}


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_every_run_ends(seed: int, count: int) -> None:
    """Whatever the graph and however its tasks end, each has a final state, and none runs before those before it."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    names = [f"t{number}" for number in range(count)]
    tasks = {
        name: after(
            *chance.sample(names[:place], chance.randint(0, min(3, place))), trigger_rule=chance.choice(TRIGGER_RULES)
        )
        for place, name in enumerate(names)
    }
    ends = {name: chance.choice(["success", "failed", "skipped", "removed"]) for name in names}
    run = Run(graph(**tasks), ends)
    states = run.go()
    assert set(states.values()) <= FINISHED
    assert run.scheduler.is_done
    ran = [name for wave in run.waves for name in wave]
    assert len(ran) == len(set(ran))
    assert all(states[name] == ends[name] for name in ran)
