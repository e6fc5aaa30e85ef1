"""Where the coordinators of a host look for bundle files, and the mistakes in settings that make tasks fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.cli.doctor.readiness.places import Place, find_places

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.cli.doctor.check import Check

CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
GIT = "airflow.providers.git.bundles.git.GitDagBundle"


def coordinator(**kwargs: object) -> dict[str, Any]:
    """Return the settings of a coordinator for bundle files."""
    return {"classpath": CLASS, "kwargs": kwargs}


def find(
    home: Path, version: tuple[int, int] | None, coordinators: object, queues: object, dag_bundles: object = None
) -> tuple[list[Place], list[Check]]:
    """Find the places of a configuration."""
    env = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__SDK__COORDINATORS": json.dumps(coordinators),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": json.dumps(queues),
    }
    if dag_bundles is not None:
        env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(dag_bundles)
    return find_places(env, version, ("sales",))


def test_the_folders_of_airflow_3_3(tmp_path: Path) -> None:
    """Each coordinator that a queue leads to has its folders. They are searched as one."""
    coordinators = {
        "one": coordinator(executables_root=[str(tmp_path / "a"), str(tmp_path / "b")]),
        "two": coordinator(executables_root=str(tmp_path / "c")),
        "idle": coordinator(executables_root=str(tmp_path / "d")),
        "java": {"classpath": "airflow.sdk.coordinators.java.JavaCoordinator"},
    }
    places, problems = find(tmp_path, (3, 3), coordinators, {"x": "one", "y": "two", "z": "two", "j": "java"})
    assert problems == []
    assert places == [Place((tmp_path / "a", tmp_path / "b")), Place((tmp_path / "c",))]


def test_the_dag_bundles_of_airflow_3_4(tmp_path: Path) -> None:
    """A coordinator has a Dag bundle, or the one of the Dag file. Native Dags may be in each of them."""
    local = [
        {"name": "dags", "classpath": LOCAL, "kwargs": {}},
        {"name": "files", "classpath": LOCAL, "kwargs": {"path": str(tmp_path / "files")}},
        {"name": "git", "classpath": GIT, "kwargs": {}},
    ]
    native = [Place((tmp_path / "dags",), only_native=True), Place((tmp_path / "files",), only_native=True)]
    queues = {"x": "dagfloe"}
    named = {"dagfloe": coordinator(task_handler_bundle_name="files")}
    assert find(tmp_path, (3, 4), named, queues, local) == ([Place((tmp_path / "files",)), *native], [])
    unnamed = [Place((tmp_path / "dags",)), Place((tmp_path / "files",))]
    assert find(tmp_path, None, {"dagfloe": coordinator()}, queues, local) == ([*unnamed, *native], [])
    places, (problem,) = find(tmp_path, (3, 4), {"dagfloe": coordinator(task_handler_bundle_name="git")}, queues, local)
    assert places == []
    assert problem.text == "the Dag bundle of the coordinator is not a local folder, so dagfloe cannot search it"
    assert problem.cure == "correct it, or name the folder: dagfloe doctor --require sales FOLDER"


@pytest.mark.parametrize(
    ("coordinators", "queues", "version", "name", "problem"),
    [
        ({}, {}, (3, 3), "coordinators", "none is for bundle files"),
        ({"d": coordinator(executables_root="/x")}, {}, (3, 3), "queues", "none is for bundle files"),
        ({"d": coordinator(executables_root="/x")}, {"q": "e"}, (3, 3), "queues", "does not define the coordinator"),
        ({"d": coordinator(executables_root="/x")}, {"q": "d"}, (3, 4), "coordinators", "3.4 does not know"),
        ({"d": coordinator(task_handler_bundle_name="x")}, {"q": "d"}, (3, 3), "coordinators", "3.3 does not know"),
        ({"d": coordinator(task_handler_bundle_name="x")}, {"q": "d"}, (3, 4), "Dag bundles", "has no x"),
        ({"d": coordinator()}, {"q": "d"}, (3, 3), "Airflow", "names no folder"),
        ({"d": coordinator(executables_root="~no-such-user/x")}, {"q": "d"}, (3, 3), "Airflow", "of an unknown user"),
        ([], {}, (3, 3), "Airflow", "is not a JSON object"),
    ],
)
def test_a_mistake(
    coordinators: object, queues: object, version: tuple[int, int], name: str, problem: str, tmp_path: Path
) -> None:
    """A setting with which tasks of bundle files fail closes the gate, and the message says what to do."""
    places, checks = find(tmp_path, version, coordinators, queues)
    assert places == []
    assert [(check.name, check.state) for check in checks] == [(name, "failed")]
    assert problem in checks[0].text
    assert checks[0].cure


def test_a_host_without_airflow(tmp_path: Path) -> None:
    """Without settings, nothing is searched, and the message says how to name the folder."""
    places, (check,) = find_places({"AIRFLOW_HOME": str(tmp_path)}, None, ("sales", "other"))
    assert places == []
    assert check.text == f"not configured here: {tmp_path / 'airflow.cfg'} does not exist"
    assert check.cure == "set AIRFLOW_HOME, or name the folder: dagfloe doctor --require sales FOLDER"


@given(
    st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text() | st.lists(st.text())),
    st.dictionaries(st.text(max_size=3), st.none() | st.lists(st.integers()) | st.sampled_from(["dagfloe", "x"])),
)
def test_any_json(kwargs: dict[str, Any], queues: dict[str, Any]) -> None:
    """Any JSON of roughly the right form gives either places or failed checks."""
    env = {
        "AIRFLOW_CONFIG": "/missing",
        "AIRFLOW__SDK__COORDINATORS": json.dumps({"dagfloe": coordinator(**kwargs), "x": queues}),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": json.dumps(queues),
    }
    for version in (None, (3, 3), (3, 4)):
        places, checks = find_places(env, version, ("sales",))
        assert bool(places) != bool(checks)
        assert all(check.state == "failed" for check in checks)
