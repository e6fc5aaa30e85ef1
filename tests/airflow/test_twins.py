"""A function in a bundle does what it does as an ordinary task of Airflow, under the same supervisor."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import TOOL

if TYPE_CHECKING:
    from .conftest import Answer, Supervisor  # type: ignore[import-not-found,unused-ignore]

PROJECT = Path(__file__).parents[1] / "demo" / "twins"
BUILD_S = 600


class Twins:
    """Runs a task both ways.

    Args:
        supervisor: the real supervisor.
        root: the folder of the bundle file.
    """

    def __init__(self, supervisor: Supervisor, root: Path) -> None:
        self.supervisor = supervisor
        self._root = root

    def run(self, dag_id: str, **request: Any) -> tuple[Answer, Answer]:
        """Run the task `work` of a Dag as an ordinary task, and in the bundle."""
        ordinary = self.supervisor.run(PROJECT, dag_id, "work", ordinary="twins_dag.py", **request)
        return ordinary, self.supervisor.run(self._root, dag_id, "work", **request)


@pytest.fixture(scope="module")
def twins(both: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """Both ways, with the bundle file built."""
    root = tmp_path_factory.mktemp("twins")
    subprocess.run([TOOL, "build", str(PROJECT), "--output", str(root), "--quiet"], check=True, timeout=BUILD_S)
    return Twins(both, root)


# Params

DAY = {"day": "2026-01-31"}
VALID = [
    DAY,
    {**DAY, "limit": 7.0, "mode": None, "more": [1, {"a": None}]},
    {**DAY, "filter": {"c": 3}, "table": None, "tags": []},
]
REFUSED: dict[str, list[dict[str, Any]]] = {
    "day": [{}, {"limit": 7}, {"day": "31.1.2026"}, {"day": None}],
    "limit": [{**DAY, "limit": "7"}, {**DAY, "limit": 0}, {**DAY, "limit": 7.5}, {**DAY, "limit": True}],
    "mode": [{**DAY, "mode": "secret"}],
    "tags": [{**DAY, "tags": ["secret", "secret"]}, {**DAY, "tags": [1]}],
}


@pytest.mark.parametrize("conf", VALID)
def test_params(twins: Twins, conf: dict[str, Any]) -> None:
    """The task gets the defaults, and over them the conf."""
    ordinary, own = twins.run("with_params", conf=conf)
    assert own.returned("work") == ordinary.returned("work")


@pytest.mark.parametrize(
    ("name", "conf", "should_retry"),
    [(name, conf, index % 2 == 1) for name, confs in REFUSED.items() for index, conf in enumerate(confs)],
)
def test_refused_params(twins: Twins, name: str, conf: dict[str, Any], should_retry: bool) -> None:
    """With params that do not fit, the task does not begin, and is retried if it has tries left."""
    context = {"xcom_keys_to_clear": ["old"]}
    ordinary, own = twins.run("with_params", conf=conf, should_retry=should_retry, ti_context=context)
    state = "up_for_retry" if should_retry else "failed"
    assert (ordinary.final_state, own.final_state) == (state, state), (ordinary, own)
    assert not ordinary.calls("xcoms")
    assert twins.supervisor.can("3.4") or not own.calls("xcoms"), "from 3.4 on, the supervisor itself deletes XComs"
    event = own.record("The task does not begin: ")["event"]
    assert f"param {name!r}" in event
    assert "secret" not in event


def test_params_without_overrides(twins: Twins) -> None:
    """With Airflow's setting `dag_run_conf_overrides_params` off, the defaults alone are checked."""
    env = {"AIRFLOW__CORE__DAG_RUN_CONF_OVERRIDES_PARAMS": "False"}
    ordinary, own = twins.run("with_params", conf=DAY, env=env)
    assert (ordinary.final_state, own.final_state) == ("failed", "failed")
    assert "param 'day' has no default" in own.record("The task does not begin: ")["event"]


# Callbacks

STOP = {"on": "<waits>", "number": 15}
BEGIN = "on_execute_callback"
#: By Dag and request: the state, and the variables that callbacks set, in order.
CALLBACKS: dict[str, tuple[str, dict[str, Any], str, list[str]]] = {
    "success": ("succeed", {}, "success", [BEGIN, "on_success_callback"]),
    "failure": ("fail", {}, "failed", [BEGIN, "on_failure_callback"]),
    "retry": ("fail", {"should_retry": True}, "up_for_retry", [BEGIN, "on_retry_callback"]),
    "no retry": ("fail_for_good", {"should_retry": True}, "failed", [BEGIN, "on_failure_callback"]),
    "skip": ("skip", {}, "skipped", [BEGIN, "on_skipped_callback"]),
    "reschedule": ("reschedule", {}, "up_for_reschedule", [BEGIN]),
    "exit": ("leave", {}, "failed", [BEGIN, "on_failure_callback"]),
    "time limit": ("late", {"should_retry": True}, "up_for_retry", [BEGIN, "on_retry_callback"]),
    "no JSON": ("return_no_json", {}, "failed", [BEGIN, "on_failure_callback"]),
    "refused state": ("succeed", {"refuse_state": True}, "success", [BEGIN, "on_success_callback"]),
    "exception in a callback": ("raising", {}, "success", [BEGIN, "second"]),
    "exception at first": ("raising_first", {}, "success", ["second", "on_success_callback"]),
    "exit at first": ("exiting_first", {}, "failed", ["on_failure_callback"]),
}


def effects(answer: Answer) -> list[str]:
    """The variables that a task set and the XComs that it pushed, and where its state reached the API server."""
    return [
        call["body"]["state"] if call["path"].endswith("/state") else call["path"]
        for call in answer.raw["calls"]
        if call["path"].startswith(("variables/", "xcoms/")) or call["path"].endswith("/state")
    ]


def described(answer: Answer) -> list[str]:
    """What the callbacks said of the task and of its exception, without types that have other names in Airflow."""
    return [
        re.sub(r": (Airflow|Task)\w+:.*", ": outcome", event)
        for event in answer.events()
        if event.startswith(("<on_", "<second", "<raises", "<exits")) and "<class" not in event
    ]


@pytest.mark.parametrize(("dag_id", "request_", "state", "variables"), CALLBACKS.values(), ids=list(CALLBACKS))
def test_callbacks(twins: Twins, dag_id: str, request_: dict[str, Any], state: str, variables: list[str]) -> None:
    """The same callbacks run in the same order, before and after the same calls to the API server."""
    ordinary, own = twins.run(dag_id, **request_)
    assert (ordinary.final_state, own.final_state) == (state, state), own
    assert effects(own) == effects(ordinary)
    assert [path.partition("/")[2] for path in effects(own) if path.startswith("variables/")] == variables
    if dag_id != "return_no_json":
        assert described(own) == described(ordinary)


def test_failed_callback_is_logged(twins: Twins) -> None:
    """An exception in a callback is in the log, with the option and its place in the list."""
    _ordinary, own = twins.run("raising")
    record = own.record("The on_success_callback number 1 failed")
    assert record["level"] == "error"
    assert record["error_detail"][0]["exc_value"] == "in the callback"


def test_exit_in_a_callback(twins: Twins) -> None:
    """A callback that exits after the end cannot change the state. In Airflow it makes a success a failure."""
    ordinary, own = twins.run("exiting")
    assert (ordinary.states, own.states) == (["success", "failed"], ["success"])
    assert own.exit_code == 0


@pytest.mark.parametrize("should_retry", [False, True])
def test_stopped_task_runs_no_callback(twins: Twins, should_retry: bool) -> None:
    """As in Airflow, whose process ends without them."""
    ordinary, own = twins.run("wait", signal={**STOP, "number": 2}, should_retry=should_retry)
    assert described(own) == described(ordinary) == [f"<{BEGIN} of work: NoneType: None>"]
    assert own.exit_code == 0
