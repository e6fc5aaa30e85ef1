"""Tests of the example `hello`: a function, and its tasks in memory, over sockets and frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from hello import bundle, count, dag, greet, greeting

from dagfloe.runtime.metadata import platform_tag
from dagfloe.testing import TaskEnvironment

#: `make dist` builds this file.
FILE = Path(__file__).parents[2] / "dist" / platform_tag() / "hello"
#: Options of `TaskEnvironment.run`.
MODES = [
    pytest.param({}, id="memory"),
    pytest.param({"over": "sockets"}, id="sockets"),
    pytest.param({"file": FILE}, id="frozen", marks=pytest.mark.frozen),
]


def test_greeting() -> None:
    """A test can call a function that is not a task."""
    assert greeting("test") == "Hello, test!"


@pytest.mark.parametrize("mode", MODES)
def test_greet(dagfloe_env: TaskEnvironment, mode: dict[str, Any]) -> None:
    """The task greets the name in the variable, or the world if there is no variable."""
    result = dagfloe_env.run(greet, **mode).raise_for_state()
    assert result.value == {"greeting": "Hello, world!", "python": ANY}
    dagfloe_env.variables["hello_name"] = "test"
    result = dagfloe_env.run(greet, try_number=2, **mode).raise_for_state()
    assert result.value["greeting"] == "Hello, test!"
    assert result.log.has("^Hello, test! This is try 2 of run manual__.*", level="info", logger="hello.greet")


@pytest.mark.parametrize("mode", MODES)
def test_chain(dagfloe_env: TaskEnvironment, mode: dict[str, Any]) -> None:
    """The second task counts the letters of the first task's greeting."""
    dagfloe_env.run(greet, **mode).raise_for_state()
    assert dagfloe_env.run(count, **mode).raise_for_state().value == len("Helloworld")


def test_count_without_a_greeting(dagfloe_env: TaskEnvironment) -> None:
    """Without the first task's XCom, the second task fails, and the log contains the error."""
    result = dagfloe_env.run(count)
    assert result.state == "failed"
    assert result.log.has("BindingError", level="error")


def test_tasks_are_registered() -> None:
    """The bundle has both tasks, one after the other."""
    assert list(bundle.dags["hello"].tasks) == ["greet", "count"]
    assert dag.downstream_of("greet") == ["count"]
