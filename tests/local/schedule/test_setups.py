"""Setup and teardown tasks. `tests/airflow/test_schedule.py` compares the states with Airflow's own."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe.local.schedule.manifest_graph import Graph
from dagfloe.local.schedule.scheduler import Scheduler
from dagfloe.local.schedule.setups import find_outer_setups, find_scopes, list_deciding_tasks
from dagfloe.local.schedule.trigger_rules import RUN, WAIT, Upstream, decide

S, F, K, U, N = "success", "failed", "skipped", "upstream_failed", None


def graph(**tasks: dict[str, Any]) -> Graph:
    """Return a graph of tasks with these declarations."""
    return Graph.from_manifest("d", {"tasks": list(tasks), "declaration": {"tasks": tasks}})


def resource() -> dict[str, dict[str, Any]]:
    """A setup and a teardown around a chain of two tasks, and a task after the teardown."""
    return {
        "open": {"kind": "setup"},
        "use": {"upstream": ["open"]},
        "more": {"upstream": ["use"]},
        "close": {"kind": "teardown", "upstream": ["open", "more"]},
        "after": {"upstream": ["close"]},
    }


def run_all(graph: Graph, **end_states: str) -> tuple[dict[str, str | None], str]:
    """Run all tasks; return their states, and that of the Dag run."""
    scheduler = Scheduler(graph, lambda _: None)
    while queued := scheduler.advance()[0]:
        for instance in queued:
            instance.state = end_states.get(instance.task.task_id, S)
    return {instance.name: instance.state for instance in scheduler.instances}, scheduler.state


@pytest.mark.parametrize(
    ("end_states", "states", "state"),
    [
        ({}, [S, S, S, S, S], S),
        ({"use": F}, [S, F, U, S, S], F),
        ({"more": F}, [S, S, F, S, S], F),
        ({"open": F}, [F, U, U, U, U], F),
        ({"open": K}, [K, K, K, K, K], S),
        ({"close": F}, [S, S, S, F, U], F),
    ],
)
def test_states(end_states: dict[str, str], states: list[str], state: str) -> None:
    """A teardown runs unless its setup failed or was skipped. It hides no failure of the tasks before it."""
    found, run_state = run_all(graph(**resource()), **end_states)
    assert (list(found.values()), run_state) == (states, state)


def test_a_teardown_at_the_end() -> None:
    """The tasks before a teardown decide the run, or the teardown with `on_failure_fail_dagrun`."""
    tasks = resource()
    del tasks["after"]
    assert list_deciding_tasks(graph(**tasks)) == ["more"]
    assert run_all(graph(**tasks), close=F)[1] == S
    assert run_all(graph(**tasks), use=F)[1] == F
    tasks["close"]["on_failure_fail_dagrun"] = True
    assert list_deciding_tasks(graph(**tasks)) == ["close"]
    assert run_all(graph(**tasks), close=F)[1] == F
    assert list_deciding_tasks(graph(close={"kind": "teardown"})) == ["close"]


def test_tasks_between() -> None:
    """A task waits for all setups whose teardown is after it, and a teardown for all tasks after its setups."""
    tasks: dict[str, dict[str, Any]] = {
        "slow": {"kind": "setup"},
        "fast": {"kind": "setup"},
        "use": {"upstream": ["slow", "fast"]},
        "deep": {"upstream": ["use"], "trigger_rule": "one_success"},
        "last": {"upstream": ["deep"]},
        "close": {"kind": "teardown", "upstream": ["slow", "last"]},
        "free": {"upstream": ["close"]},
    }
    assert find_outer_setups(graph(**tasks))["deep"] == {"slow", "fast"}
    assert find_outer_setups(graph(**tasks))["free"] == {"fast"}  # it has no teardown
    assert "close" not in find_outer_setups(graph(**tasks))
    assert find_scopes(graph(**tasks)) == {"close": {"use", "deep"}}
    assert find_outer_setups(graph(a={}, b={"upstream": ["a"]})) == find_scopes(graph(a={})) == {}


def test_waiting_for_an_outer_setup() -> None:
    """A trigger rule that is met early does not let a task run before the setups around it."""
    tasks: dict[str, dict[str, Any]] = {
        "begin": {},
        "open": {"kind": "setup"},
        "use": {"upstream": ["open"]},
        "early": {"upstream": ["begin", "use"], "trigger_rule": "one_success"},
        "close": {"kind": "teardown", "upstream": ["open", "early"]},
    }
    scheduler = Scheduler(graph(**tasks), lambda _: None)
    begin, opening = scheduler.advance()[0]
    begin.state = S
    assert scheduler.advance() == ([], [])
    opening.state = S
    assert [instance.name for instance in scheduler.advance()[0]] == ["use", "early"]


@pytest.mark.parametrize(
    ("setups", "others", "expected"),
    [
        ([S], [F, K, U], RUN),
        ([S, F], [S], RUN),
        ([S], [N], WAIT),
        ([N], [S], WAIT),
        ([K, K], [S], K),
        ([K, F], [S], U),
        ([U], [S], U),
        ([], [F], RUN),
    ],
)
def test_rule(setups: list[str | None], others: list[str | None], expected: str) -> None:
    """One successful setup is enough."""
    assert decide("all_done_setup_success", Upstream([*setups, *others], setups)) == expected


def test_the_rule_of_a_teardown() -> None:
    """A teardown always has its own trigger rule, as in Airflow."""
    node = graph(a={}, close={"kind": "teardown", "upstream": ["a"], "trigger_rule": "always"}).tasks["close"]
    assert node.trigger_rule == "all_done_setup_success"
