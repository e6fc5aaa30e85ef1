"""`dagfloe adopt`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.commands.adopt import adopt

if TYPE_CHECKING:
    from pathlib import Path

DAG_FILE = """\
from airflow.sdk import DAG, task

with DAG("etl"):
    @task.external_python(python="PYTHON")
    def first():
        import click
        return click.__name__

    @task.virtualenv(requirements=["six"], string_args=["a"])
    def second(): ...

    first() >> second()
"""


@pytest.fixture
def dag_file(tmp_path: Path) -> Path:
    """A Dag file with a task that can be moved, and one that cannot."""
    path = tmp_path / "etl.py"
    path.write_text(DAG_FILE.replace("PYTHON", sys.executable))
    return path


def test_output(dag_file: Path, tmp_path: Path) -> None:
    """The command shows what moved and what stays, and what to do next. The exit status says that something stays."""
    result = CliRunner().invoke(adopt, [str(dag_file), "--output", str(tmp_path / "out"), "--queue", "big"])
    assert result.exit_code == 1
    for part in ("line 12: etl.first", "line 9: etl.second: string_args", "dagfloe build", '"big": {"classpath"'):
        assert part in result.output
    assert dag_file.read_text() == DAG_FILE.replace("PYTHON", sys.executable)
    assert '@task.stub(queue="big")' in (tmp_path / "out" / "etl.py").read_text()
    assert '"click==' in (tmp_path / "out" / "etl" / "pyproject.toml").read_text()


def test_json(dag_file: Path, tmp_path: Path) -> None:
    """The result as JSON has the projects, the tasks and the reasons."""
    result = CliRunner().invoke(
        adopt, [str(dag_file), "--output", str(tmp_path / "out"), "--json", "--requirement", "click>=8"]
    )
    found = json.loads(result.stdout)
    assert found["projects"][0]["queue"] == "etl"
    assert found["projects"][0]["dependencies"] == ["click>=8"]
    assert [task["task_id"] for task in found["moved"]] == ["first"]
    assert found["not_moved"][0]["line"] == 9
    assert len(found["written"]) == 6


def test_diff(dag_file: Path, tmp_path: Path) -> None:
    """`--diff` prints a diff to stdout and what stays to stderr. It writes nothing."""
    result = CliRunner().invoke(adopt, [str(dag_file), "--output", str(tmp_path / "out"), "--diff"])
    assert result.stdout.startswith(f"--- {dag_file}\n+++ {dag_file} (adopted)\n@@ ")
    assert '+    @task.stub(queue="etl")\n' in result.stdout
    assert "etl.second" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "content", [b"def f(:", b"\xff", b"x = \0", b"(" * 1000 + b")" * 1000, b"x = " + b"-" * 100_000 + b"1"]
)
def test_bad_file(content: bytes, tmp_path: Path) -> None:
    """A file that is not Python source code is an error with its name, and no traceback."""
    path = tmp_path / "bad.py"
    path.write_bytes(content)
    command = [sys.executable, "-c", "from dagfloe.cli.entry import main; main()", "adopt", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "bad.py" in done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr


@pytest.mark.parametrize("content", ["", "x = 1\n", "from airflow.sdk import DAG\nDAG('d')\n"])
def test_nothing_to_move(content: str, tmp_path: Path) -> None:
    """A file without isolated tasks is no error. Nothing is written."""
    path = tmp_path / "plain.py"
    path.write_text(content)
    result = CliRunner().invoke(adopt, [str(path), "--output", str(tmp_path / "out")])
    assert result.exit_code == 0
    assert "Nothing to move" in result.output
    assert not (tmp_path / "out").exists()


def test_wrong_requirement(dag_file: Path) -> None:
    """A requirement that pyproject.toml cannot have is an error of the command line."""
    assert CliRunner().invoke(adopt, [str(dag_file), "--requirement", "-r x"]).exit_code == 2


def test_native(tmp_path: Path) -> None:
    """With `--native --write`, no Dag file is left. Without `--write`, it stays."""
    path = tmp_path / "etl.py"
    path.write_text('from airflow.sdk import DAG, task\nwith DAG("etl"):\n    @task\n    def t(): ...\n    t()\n')
    options = [str(path), "--output", str(tmp_path / "out"), "--all", "--native"]
    result = CliRunner().invoke(adopt, options)
    assert result.exit_code == 0
    assert "The Dags are native" in result.output
    assert path.exists()
    assert not (tmp_path / "out" / "etl.py").exists()
    assert CliRunner().invoke(adopt, [*options, "--write"]).exit_code == 0
    assert not path.exists()


def test_dag_that_needs_a_dag_file(dag_file: Path, tmp_path: Path) -> None:
    """If the Dags cannot be native, the command says why, and the exit status is 1."""
    result = CliRunner().invoke(adopt, [str(dag_file), "--output", str(tmp_path / "out"), "--native"])
    assert result.exit_code == 1
    assert "The Dags need a Dag file: not all tasks can be moved." in result.output
