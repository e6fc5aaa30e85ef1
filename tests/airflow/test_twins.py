"""A function in a bundle does what it does as an ordinary task of Airflow, under the same supervisor."""

from __future__ import annotations

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
