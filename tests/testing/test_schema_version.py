"""The supervisor schema version that a task under test speaks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import ApiServerError, Bundle, Client, DagfloeError
from dagfloe.testing import MisuseError, TaskEnvironment
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.testing._mode import ModeName

MODES: tuple[ModeName, ...] = ("memory", "sockets")
ONLY_IN_34 = "GetXCom has no field 'previous_iteration' for this Airflow; it needs airflow = \"3.4\" in [tool.dagfloe]"
NO_LOOP = "failed in the API server or on the way to it (API_SERVER_ERROR, HTTP status 400)"
TASKS = """
from dagfloe import Bundle, Client
bundle = Bundle()
dag = bundle.dag("d")
@dag.task
def look_back(client: Client) -> object:
    return client.xcom.get("up", previous_iteration=True)
"""
MANIFEST = """
dags: {d: {tasks: [t]}}
sdk: {supervisor_schema_version: "VERSION"}
"""
LOOKS_BACK = """
begin()
ask({"type": "GetXCom", "previous_iteration": True, **xcom("key")})
succeed()
"""
dag = Bundle().dag("schema_version")


@dag.task
def look_back(client: Client) -> object:
    return client.xcom.get("up", previous_iteration=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Writes a project with a `pyproject.toml`, and imports its tasks."""

    def write(pyproject: str) -> Any:
        name = f"tasks_{abs(hash(request.node.name))}"
        (tmp_path / "src").mkdir()
        (tmp_path / "src" / f"{name}.py").write_text(TASKS)
        (tmp_path / "pyproject.toml").write_text(pyproject)
        monkeypatch.syspath_prepend(tmp_path / "src")
        return import_module(name)

    return write


@pytest.mark.parametrize("over", MODES)
def test_airflow_3_3(dagfloe_env: TaskEnvironment, over: ModeName) -> None:
    """By default a field that only 3.4 has is refused before it is sent, with the setting that it needs."""
    result = dagfloe_env.run(look_back, over=over)
    assert result.state == "failed"
    assert ONLY_IN_34 in result.log.text
    assert result.sent("GetXCom") == []


@pytest.mark.parametrize("over", MODES)
def test_airflow_3_4(over: ModeName) -> None:
    """With `airflow="3.4"` the field is sent; the supervisor refuses it, as in 3.4, outside of a loop."""
    env = TaskEnvironment(airflow="3.4")
    result = env.run(look_back, over=over)
    assert [body["previous_iteration"] for body in result.sent("GetXCom")] == [True]
    assert NO_LOOP in result.log.text
    env.errors["GetXCom"] = "XCOM_NOT_FOUND"
    assert env.run(look_back, over=over).log.has("Task failed with XComNotFound")


@pytest.mark.parametrize("over", MODES)
def test_project(dagfloe_env: TaskEnvironment, project: Any, over: ModeName) -> None:
    """Without an argument, the task's project decides; the argument goes before it."""
    tasks = project('[tool.dagfloe]\nbundle = "tasks:bundle"\nairflow = "3.4"\n')
    assert NO_LOOP in dagfloe_env.run(tasks.look_back, over=over).log.text
    assert ONLY_IN_34 in TaskEnvironment(airflow="3.3").run(tasks.look_back, over=over).log.text


@pytest.mark.parametrize(
    ("pyproject", "message"),
    [
        ('[tool.dagfloe]\nairflow = "3.5"\n', r"pyproject.toml: \[tool.dagfloe\] airflow is '3.5': write the oldest"),
        ("[tool", "pyproject.toml is not TOML"),
    ],
)
def test_wrong_project(dagfloe_env: TaskEnvironment, project: Any, pyproject: str, message: str) -> None:
    """A wrong `pyproject.toml` is an error that names the file."""
    with pytest.raises(DagfloeError, match=message):
        dagfloe_env.run(project(pyproject).look_back)


def test_other_projects(dagfloe_env: TaskEnvironment, project: Any) -> None:
    """A project without the table speaks the schema of 3.3."""
    assert ONLY_IN_34 in dagfloe_env.run(project('tool = "none"\n').look_back).log.text


def test_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client speaks the schema of the task's project; without a task, that of the current folder's project."""
    env = TaskEnvironment()
    with pytest.raises(DagfloeError, match="no field 'previous_iteration'"):
        env.client(look_back).xcom.get("up", previous_iteration=True)
    (tmp_path / "pyproject.toml").write_text('[tool.dagfloe]\nairflow = "3.4"\n')
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path / "tests")
    with pytest.raises(ApiServerError, match="HTTP status 400"):
        env.client().xcom.get("up", previous_iteration=True)
    env.airflow = "3.4"
    with pytest.raises(ApiServerError, match="HTTP status 400"):
        env.client(look_back).xcom.get("up", previous_iteration=True)


@pytest.mark.parametrize(
    ("version", "requests"), [("2026-06-16", [None]), ("2026-10-30", [True]), ("2027-01-01", [True])]
)
def test_frozen_file(tmp_path: Path, version: str, requests: list[bool | None]) -> None:
    """A frozen file's manifest decides, whatever the environment's argument is."""
    file = write_bundle(tmp_path / "file", LOOKS_BACK, MANIFEST.replace("VERSION", version))
    result = TaskEnvironment(airflow="3.4" if version == "2026-06-16" else "3.3").run("t", file=file)
    result.raise_for_state()
    assert [body.get("previous_iteration") for body in result.sent("GetXCom")] == requests


@pytest.mark.parametrize("airflow", ["3.5", "2026-10-30", ""])
def test_unknown_airflow(airflow: str) -> None:
    """An Airflow that dagfloe does not support is refused."""
    with pytest.raises(MisuseError, match=r"airflow is '.*', expected '3.3' or '3.4'"):
        TaskEnvironment(airflow=airflow).run(look_back)
