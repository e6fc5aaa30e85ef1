"""Dags as functions in a bundle file: nested tasks, closures, params, groups, branches, mapping and deferral."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.peer import TOOL

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[1] / "demo" / "taskflow"
DEADLINE_S = 120


@pytest.fixture(scope="module")
def taskflow(tmp_path_factory: pytest.TempPathFactory, build: Callable[..., subprocess.CompletedProcess[str]]) -> Path:
    """The bundle file of tests/demo/taskflow."""
    output = tmp_path_factory.mktemp("files")
    answer = build(PROJECT, output)
    assert answer.returncode == 0, answer.stderr
    return output / "taskflow"


def run_tool(*arguments: str | Path) -> str:
    """Run the tool, and return its output."""
    answer = subprocess.run(
        [TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def results(output: str) -> dict[str, list[str]]:
    """The state and the return value of every task in the table that `dagfloe run` prints."""
    rows = [line.split(maxsplit=4) for line in output.rpartition("\ntask ")[2].splitlines()[1:] if line]
    return {row[0]: [row[1], *row[4:]] for row in rows if row[0] != "Dag"}


def test_run(taskflow: Path) -> None:
    """All tasks run in the order that the function declares, with the defaults of its parameters."""
    assert results(run_tool("run", taskflow, "--dag", "shop")) == {
        "list_shops": ["success", '["north", "south"]'],
        "count[0]": ["success", "11"],
        "count[1]": ["success", "11"],
        "add": ["success", '{"total": 22, "shops": 2}'],
        "choose": ["success", "large.twice"],
        "announce": ["success", "start of orders"],
        "small": ["skipped"],
        "large.twice": ["success", "44"],
        "large.double": ["success", "88"],
        "done": ["success", "done"],
        "is_needed": ["success", "false"],
        "archive": ["skipped"],
        "cleanup": ["skipped"],
        "double": ["success", "42"],
        "double__1": ["success", "8"],
    }


def test_params(taskflow: Path) -> None:
    """The params of the run replace the defaults."""
    answer = results(run_tool("run", taskflow, "--dag", "shop", "--param", "limit=1", "--param", "table=o"))
    assert answer["list_shops"] == ["success", '["north"]']
    assert answer["small"] == ["success", "6 rows"]
    assert answer["large.twice"] == ["skipped"]
    assert answer["done"] == ["success", "done"]


def test_deferral(taskflow: Path) -> None:
    """A task that is defined inside a function resumes; the module need not call the function."""
    output = run_tool("run", taskflow, "--dag", "patient", "--max-wait", "60")
    assert results(output) == {"wait": ["success", "3"]}


def test_stub(taskflow: Path, tmp_path: Path) -> None:
    """The stub Dag file declares both Dags; it is the same for the project and for the file."""
    dag_file = tmp_path / "taskflow_dags.py"
    run_tool("stub", taskflow, "--output", dag_file)
    run_tool("stub", PROJECT, "--check", dag_file)
    source = dag_file.read_text("utf-8")
    compile(source, dag_file, "exec")
    assert 'params={"limit": 2, "table": "orders"}' in source
    assert "double__1" in source
    assert 'DAG("patient"' in source


def test_unfrozen_and_frozen_are_equal(taskflow: Path) -> None:
    """The project declares what the file declares."""
    code = "import json, sys; sys.path.insert(0, sys.argv[1]); import tasks\n"
    code += "from dagfloe.runtime.declaration import describe_dag\n"
    code += "print(json.dumps({k: describe_dag(d) for k, d in tasks.bundle.dags.items()}, sort_keys=True))"
    unfrozen = subprocess.run(
        [sys.executable, "-c", code, str(PROJECT)], capture_output=True, text=True, timeout=DEADLINE_S, check=True
    ).stdout
    code = "import json, sys; m = json.load(sys.stdin)\n"
    code += "print(json.dumps({k: d['declaration'] for k, d in m['dags'].items()}, sort_keys=True))"
    manifest = subprocess.run([taskflow, "--bundle-metadata"], capture_output=True, timeout=DEADLINE_S, check=True)
    frozen = subprocess.run(
        [sys.executable, "-c", code], input=manifest.stdout, capture_output=True, timeout=DEADLINE_S, check=True
    ).stdout.decode()
    assert frozen == unfrozen
