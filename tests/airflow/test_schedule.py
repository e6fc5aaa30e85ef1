"""Airflow's own scheduling and that of `dagfloe run` give a Dag run and its tasks the same states."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dagfloe.authoring.scheduling.options import TRIGGER_RULES
from dagfloe.local.schedule.manifest_graph import Graph
from dagfloe.local.schedule.scheduler import Scheduler

from .conftest import PYTHON_VARIABLE  # type: ignore[import-not-found,unused-ignore]

pytestmark = pytest.mark.airflow

DEADLINE_S = 100
COUNT = 100
SEED = 20261126

#: A resource around two tasks, one of which fails; and what a first failure stops.
EXAMPLES: list[dict[str, Any]] = [
    {
        "tasks": {
            "open": {"kind": "setup"},
            "use": {"upstream": ["open"], "ends_in": "failed"},
            "more": {"upstream": ["use"]},
            "close": {"kind": "teardown", "upstream": ["open", "more"]},
        }
    },
    {
        "tasks": {
            "open": {"kind": "setup", "ends_in": "failed"},
            "use": {"upstream": ["open"]},
            "close": {"kind": "teardown", "upstream": ["open", "use"]},
        }
    },
]
FAIL_FAST: list[dict[str, Any]] = [
    {"fail_fast": True, "tasks": {"a": {"ends_in": "failed"}, "b": {"upstream": ["a"]}}},
    {
        "fail_fast": True,
        "tasks": {
            "open": {"kind": "setup"},
            "use": {"upstream": ["open"], "ends_in": "failed"},
            "more": {"upstream": ["use"]},
            "close": {"kind": "teardown", "upstream": ["open", "more"]},
        },
    },
]


def make_dag(rng: random.Random) -> dict[str, Any]:
    """Make a random Dag that Airflow accepts."""
    tasks: dict[str, dict[str, Any]] = {}
    for number in range(rng.randint(2, 7)):
        upstream = [task_id for task_id in tasks if rng.random() < 0.45]
        task: dict[str, Any] = {"upstream": upstream}
        kind = rng.choices(["task", "setup", "teardown"], [3, 2, 2])[0]
        if kind != "task":
            task["kind"] = kind
        if kind == "teardown" and rng.random() < 0.3:
            task["on_failure_fail_dagrun"] = True
        # Airflow accepts only the default rule right after a setup.
        is_free = kind == "task" and all(tasks[task_id].get("kind") != "setup" for task_id in upstream)
        if is_free and rng.random() < 0.4:
            task["trigger_rule"] = rng.choice(TRIGGER_RULES)
        task["ends_in"] = rng.choices(["success", "failed", "skipped"], [5, 2, 2])[0]
        tasks[f"t{number}"] = task
    return {"tasks": tasks}


def run_in_airflow(dags: list[dict[str, Any]], home: Path) -> list[dict[str, Any]]:
    """Let Airflow decide the states."""
    script = Path(__file__).with_name("schedule_runs.py")
    settings = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    env = {**os.environ, **settings, "AIRFLOW_HOME": str(home)}
    done = subprocess.run(
        [os.environ[PYTHON_VARIABLE], str(script)],
        input=json.dumps(dags),
        env=env,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return results


def run_embedded(dag: dict[str, Any]) -> dict[str, Any]:
    """Let `dagfloe run` decide the states."""
    tasks = {
        task_id: {name: value for name, value in task.items() if name != "ends_in"}
        for task_id, task in dag["tasks"].items()
    }
    graph = Graph.from_manifest("d", {"tasks": list(tasks), "declaration": {"tasks": tasks}})
    scheduler = Scheduler(graph, lambda _: None)
    while queued := scheduler.advance()[0]:
        for instance in queued:
            instance.state = dag["tasks"][instance.task.task_id].get("ends_in", "success")
    states = {instance.task.task_id: instance.state for instance in scheduler.instances}
    return {"state": scheduler.state, "states": states}


def test_states(tmp_path: Path) -> None:
    """Setups, teardowns and trigger rules, in any combination."""
    rng = random.Random(SEED)  # noqa: S311 - for graphs, not for secrets
    dags = [*EXAMPLES, *(make_dag(rng) for _ in range(COUNT))]
    for dag, expected in zip(dags, run_in_airflow(dags, tmp_path), strict=True):
        assert run_embedded(dag) == expected, json.dumps(dag, indent=1)


def test_fail_fast(tmp_path: Path) -> None:
    """After a first failure, Airflow skips the rest, but no teardown. A run whose last tasks were skipped succeeds."""
    first, second = run_in_airflow(FAIL_FAST, tmp_path)
    assert first == {"state": "success", "states": {"a": "failed", "b": "skipped"}}
    states = {"open": "success", "use": "failed", "more": "skipped", "close": "success"}
    assert second == {"state": "success", "states": states}
