"""A function with Airflow's names gives in a bundle what it gives as an ordinary task, under the same supervisor."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import TOOL

if TYPE_CHECKING:
    from .conftest import Answer, Supervisor  # type: ignore[import-not-found,unused-ignore]

PROJECT = Path(__file__).parents[1] / "demo" / "names"
BUILD_S = 600
DATE = "2026-01-31T06:00:00Z"
#: What the API server knows.
SERVER: dict[str, Any] = {
    "dag_run": {
        "logical_date": DATE,
        "data_interval_start": "2026-01-30T06:00:00Z",
        "data_interval_end": DATE,
        "run_after": DATE,
        "conf": {"limit": 7},
    },
    "previous_successful": {
        "data_interval_start": "2026-01-29T06:00:00Z",
        "data_interval_end": "2026-01-30T06:00:00Z",
        "start_date": "2026-01-30T06:00:01Z",
        "end_date": "2026-01-30T06:00:02Z",
    },
    "previous_run": {"logical_date": "2026-01-30T06:00:00Z", "run_id": "before"},
    "counts": {"dag_runs": 3, "task_instances": 4},
    "xcoms": {"up/return_value": {"b": 1}, "up/rows": [1, 2]},
    "mapped_xcoms": {"mapped/return_value": ["x", "y"]},
    "prior_xcoms": {"up/old": 9},
    "variables": {"limit": "5", "config": '{"a": {"b": 1}}'},
    "connections": {
        "db": {
            "conn_type": "postgres",
            "host": "h",
            "schema": "s",
            "login": "ann",
            "password": "hunter2",
            "port": 5,
            "extra": '{"a": "b"}',
        }
    },
    "assets": [{"name": "orders", "uri": "orders"}, {"name": "report", "uri": "report"}],
    "asset_events": [
        {
            "id": rows,
            "asset": {"name": "orders", "uri": "orders", "group": "asset"},
            "extra": {"rows": rows},
            "timestamp": f"2026-01-3{rows}T00:00:00Z",
            "source_task_id": "t",
            "created_dagruns": [],
        }
        for rows in (0, 1)
    ],
}
#: What the function returns, with what the API server has. For `context_values`, `env` is not a part of a value.
RETURNING = (
    "context_keys",
    "context_values",
    "current_context",
    "parameters",
    "required",
    "arithmetic",
    "task_instance",
    "dag_run",
    "operators",
    "xcoms",
    "variables",
    "connections",
    "macro_values",
    "dates",
    "environment",
    "calls_helper",
    "catches",
    "inlet",
    "adds",
)
#: Functions that also work in a run without a logical date.
UNDATED = ("context_keys", "context_values", "current_context", "parameters", "dag_run", "environment")
UNDATED_RUN = {"logical_date": None, "data_interval_start": None, "data_interval_end": None}
STATES = {
    "skips": "skipped",
    "fails": "failed",
    "times_out": "failed",
    "reschedules": "up_for_reschedule",
    "raises": "up_for_retry",
    "raises_timeout": "up_for_retry",
    "raises_old_name": "up_for_retry",
    "raises_not_found": "up_for_retry",
    "skips_inside": "up_for_retry",
    "skips_downstream": "success",
}


class Twins:
    """Runs a task both ways.

    Args:
        supervisor: the real supervisor.
        root: the folder of the bundle file.
    """

    def __init__(self, supervisor: Supervisor, root: Path) -> None:
        self._supervisor = supervisor
        self._root = root

    def run(self, dag_id: str, **request: Any) -> tuple[Answer, Answer]:
        """Run the task `work` of a Dag as an ordinary task, and in the bundle."""
        request = {**SERVER, **request}
        ordinary = self._supervisor.run(PROJECT, dag_id, "work", ordinary="names_dag.py", **request)
        return ordinary, self._supervisor.run(self._root, dag_id, "work", **request)


@pytest.fixture(scope="module")
def twins(both: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """Both ways, with the bundle file built."""
    root = tmp_path_factory.mktemp("names")
    subprocess.run([TOOL, "build", str(PROJECT), "--output", str(root), "--quiet"], check=True, timeout=BUILD_S)
    return Twins(both, root)


@pytest.mark.parametrize("name", RETURNING)
def test_values(twins: Twins, name: str) -> None:
    """The function returns the same."""
    ordinary, own = twins.run(name)
    assert own.returned("work") == ordinary.returned("work")
    assert own.variables == ordinary.variables


@pytest.mark.parametrize("name", UNDATED)
def test_runs_without_a_logical_date(twins: Twins, name: str) -> None:
    """The context lacks the same keys."""
    dag_run: dict[str, Any] = {**UNDATED_RUN, "conf": {}}
    ordinary, own = twins.run(name, dag_run=dag_run)
    assert own.returned("work") == ordinary.returned("work")


def test_triggering_events(twins: Twins) -> None:
    """The events that triggered the run have the same assets, extras and times."""
    event = {
        "asset": {"name": "orders", "uri": "orders", "extra": {}},
        "extra": {"rows": 1},
        "source_task_id": "t",
        "source_dag_id": "d",
        "source_run_id": "r",
        "source_map_index": -1,
        "source_aliases": [{"name": "alias"}],
        "timestamp": DATE,
        "partition_key": None,
    }
    ordinary, own = twins.run("triggers", dag_run={**SERVER["dag_run"], "consumed_asset_events": [event]})
    assert own.returned("work") == ordinary.returned("work")


@pytest.mark.parametrize("name", STATES)
def test_ends(twins: Twins, name: str) -> None:
    """An exception ends the task in the same state, with the same message to Airflow."""
    ordinary, own = twins.run(name, should_retry=True)
    assert (ordinary.final_state, own.final_state) == (STATES[name], STATES[name]), (ordinary, own)
    assert own.calls("task-instances/skip") == ordinary.calls("task-instances/skip")
    for answer in (ordinary, own):
        assert not re.search("return_value", str(answer.calls("xcoms")))


def test_required_key_that_is_missing(twins: Twins) -> None:
    """Without a logical date, the task fails, and the log names the parameter."""
    ordinary, own = twins.run("required", dag_run=UNDATED_RUN)
    assert (ordinary.final_state, own.final_state) == ("failed", "failed")
    error = str(own.record("Task failed with BindingError"))
    assert "parameter 'ds'" in error
    assert "this run has no logical date" in error


def test_outlet_events(twins: Twins) -> None:
    """The event of an outlet has the same extra."""
    events = [answer.call("PATCH", "/state")["body"]["outlet_events"] for answer in twins.run("outlet")]
    assert events[0] == events[1]
    assert events[1][0]["extra"] == {"rows": 5}


def test_secrets(twins: Twins) -> None:
    """The password of a connection is masked in the log."""
    _, own = twins.run("masks", as_written=True)
    assert own.record("the password is ***")
