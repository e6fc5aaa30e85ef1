"""The functions that tests/airflow runs as ordinary tasks, too, in memory."""

from __future__ import annotations

import importlib
import runpy
from pathlib import Path
from typing import Any

import pytest

from compat.run import run
from dagfloe.testing import TaskEnvironment

PROJECT = Path(__file__).parents[1] / "demo" / "names"
#: How the functions end that do not succeed.
STATES = {
    "skips": "skipped",
    "fails": "failed",
    "times_out": "failed",
    "reschedules": "up_for_reschedule",
    **dict.fromkeys(
        ("raises", "raises_timeout", "raises_old_name", "raises_not_found", "skips_inside"), "up_for_retry"
    ),
}
NAMES = (
    "arithmetic connections context_keys context_values current_context dag_run dates environment macro_values masks "
    "operators parameters required skips_downstream task_instance triggers variables xcoms calls_helper catches"
)


@pytest.mark.parametrize("name", [*NAMES.split(), *STATES])
def test_functions(name: str) -> None:
    """Each ends in the state that it has in Airflow."""
    function = runpy.run_path(str(PROJECT / "functions.py"))[name]
    environment = TaskEnvironment()
    environment.variables.update({"limit": "5", "config": '{"a": {"b": 1}}'})
    environment.connections["db"] = "postgres://ann:hunter2@h:5/s?__extra__=%7B%22a%22%3A+%22b%22%7D"
    environment.xcoms["up"] = {"b": 1}
    result = run(function, environment, max_tries=1)
    assert result.state == STATES.get(name, "success"), result.log.text


def test_every_function_is_run() -> None:
    """The functions are those of the project."""
    source = (PROJECT / "functions.py").read_text("utf-8")
    plain = source.partition("PLAIN = (")[2].split(")")[0]
    assert {name.strip() for name in plain.split(",") if name.strip()} == {*NAMES.split(), *STATES}


def test_macros() -> None:
    """Modules are there when a task names them, and what a project lacks is an ImportError or an AttributeError."""
    macros: Any = importlib.import_module("dagfloe.compat.objects.macros")
    assert [macros.ds_add("2026-01-31", 0), 0 <= macros.random() < 1] == ["2026-01-31", True]
    assert macros.yaml.safe_load("a: 1") == {"a": 1}
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        macros.absent  # noqa: B018 - it raises
