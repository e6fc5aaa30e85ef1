"""Tests of the pytest plugin, as it is installed for an author, without any configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import dagfloe
from dagfloe.build.freeze.stage import stage
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter

pytest_plugins = ["pytester"]

TASKS = """
import logging
from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("sales")


@dag.task
def extract(client: Client) -> int:
    logging.getLogger(__name__).info("password %s", client.get_connection("db").password)
    return int(client.get_variable("limit"))
"""
CONFTEST = """
import pytest


@pytest.fixture(autouse=True)
def db(dagfloe_env):
    dagfloe_env.connections["db"] = "postgres://ann:hunter2@host/db"
"""
TESTS = """
from tasks import extract


def test_success(dagfloe_env):
    dagfloe_env.variables["limit"] = "5"
    assert dagfloe_env.run(extract, over="{over}").raise_for_state().value == 5


def test_failure(dagfloe_env):
    assert dagfloe_env.run(extract, over="{over}", retries=1).state == "success"


def test_other():
    assert False
"""


@pytest.mark.parametrize("over", ["memory", "sockets"])
def test_report(pytester: pytest.Pytester, over: str) -> None:
    """Every test has its own environment; the report of a failed test has the log of every try, without secrets."""
    pytester.makepyfile(conftest=CONFTEST, tasks=TASKS, test_tasks=TESTS.replace("{over}", over))
    pytester.syspathinsert()
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*dagfloe: sales.extract, try 1: up_for_retry*",
            "info     tasks: password [*][*][*]",
            "error    dagfloe.task: Task failed with VariableNotFound",
            "*VariableNotFound: variable 'limit' does not exist*tasks.py:* in extract)",
            "*dagfloe: sales.extract, try 2: failed*",
            "*_ test_other _*",
        ]
    )
    assert "hunter2" not in result.stdout.str()


def test_imports_without_the_fixture() -> None:
    """A session without the fixture only imports the plugin."""
    code = (
        "import sys, dagfloe.testing.plugin; print(sorted(m for m in sys.modules if m.startswith('dagfloe.testing')))"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert process.stdout.strip() == "['dagfloe.testing', 'dagfloe.testing.plugin']"


def test_without_pytest(tmp_path: Path) -> None:
    """Everything except for the plugin works without pytest, in a script and over sockets, too."""
    script = tmp_path / "check.py"
    script.write_text(
        "import sys\n"
        f"{TASKS}\n"
        "if __name__ == '__main__':\n"
        "    sys.modules['pytest'] = None\n"
        "    from dagfloe.testing import TaskEnvironment\n"
        "    env = TaskEnvironment()\n"
        "    env.variables['limit'] = '5'\n"
        "    env.connections['db'] = 'postgres://host'\n"
        "    print([env.run(extract, over=mode).raise_for_state().value for mode in ('memory', 'sockets')])\n"
    )
    process = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=False)
    assert (process.stdout, process.stderr, process.returncode) == ("[5, 5]\n", "", 0)


def test_not_frozen(tmp_path: Path) -> None:
    """A bundle file has no part of `dagfloe.testing`."""
    project = read_project(Path(__file__).parents[2] / "bundles" / "hello")
    stage(project, find_interpreter(project), tmp_path / "staged")
    staged = sorted(path.name for path in (tmp_path / "staged" / "dagfloe").iterdir())
    assert "client" in staged
    assert "testing" not in staged
    assert (Path(dagfloe.__file__).parent / "testing").exists()


NAMES = """
[project]
name = "moved"
version = "1"

[tool.dagfloe]
bundle = "tasks:bundle"
airflow-names = {value}
"""
MOVED = """
from airflow.sdk import Variable
from dagfloe import Bundle

bundle = Bundle()


@bundle.dag("moved").task
def extract(ti):
    return [ti.task_id, Variable.get("limit")]
"""


def test_airflow_names(pytester: pytest.Pytester) -> None:
    """In a project with `airflow-names`, its modules can be imported, also by a `conftest.py`."""
    pytester.makepyfile(
        conftest="import tasks",
        tasks=MOVED,
        test_tasks="from tasks import extract\n\n\ndef test_names(dagfloe_env):\n"
        "    dagfloe_env.variables['limit'] = '5'\n"
        "    assert dagfloe_env.run(extract).value == ['extract', '5']\n",
    )
    pytester.makefile(".toml", pyproject=NAMES.format(value="true"))
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    pytester.makefile(".toml", pyproject=NAMES.format(value='"yes"'))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert "airflow-names is 'yes': write true or false" in result.stderr.str()
