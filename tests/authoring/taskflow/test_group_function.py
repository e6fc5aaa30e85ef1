"""`@task_group`: functions that become task groups."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe import Bundle, Dag, TaskGroup, task, task_group
from dagfloe.authoring.references import XComArg
from dagfloe.errors import RegistrationError


@task
def extract() -> int:
    return 3


@task
def add(left: int, right: int = 0) -> int:
    return left + right


@task_group
def load(value: int) -> None:
    add(value)


@task_group(tooltip="Tells more.", default_args={"retries": 4})
def check(value: int) -> None:
    """Check a value.

    Twice.
    """
    add(value)


@task_group(group_id="sums")
def sum_up(value: int, *, more: int) -> object:
    return add(add(value), more)


@pytest.fixture
def dag() -> Dag:
    """A Dag without tasks."""
    return Bundle().dag("sales")


def edges(dag: Dag) -> dict[str, list[str]]:
    """The downstream tasks of every task that has some."""
    return {task_id: downstream for task_id in dag.tasks if (downstream := dag.downstream_of(task_id))}


def test_a_call_makes_a_group(dag: Dag) -> None:
    """The body's tasks are in a group of the function's name; `>>` connects the group."""
    with dag:
        group = load(extract())
        group >> add.override(task_id="last")(1)
    assert isinstance(group, TaskGroup)
    assert edges(dag) == {"extract": ["load.add"], "load.add": ["last"]}
    assert dag.tasks["load.add"].group == "load"


def test_what_the_function_returns(dag: Dag) -> None:
    """What the function returns stands for the group."""
    with dag:
        result = sum_up(extract(), more=4)
    assert isinstance(result, XComArg)
    assert result.task_id == "sums.add__1"


def test_several_calls(dag: Dag) -> None:
    """A second call makes a second group, also inside another group."""
    with dag:
        load(1)
        load(2)
        load.override(group_id="other")(3)

        @task_group
        def outer() -> None:
            load(4)
            load(5)

        outer()
    assert list(dag.groups) == ["load", "load__1", "other", "outer", "outer.load", "outer.load__1"]
    assert list(dag.tasks)[-1] == "outer.load__1.add"


def test_options(dag: Dag) -> None:
    """The docstring is the tooltip and the documentation by default; the tasks take the group's default_args."""
    with dag:
        check(1)
        check.override(group_id="other", tooltip=None, default_args=None, doc_md="Mine.")(1)
    assert [group.declared for group in dag.groups.values()] == [
        {"tooltip": "Tells more.", "doc_md": "Check a value.\n\nTwice."},
        {"tooltip": "Check a value.\n\nTwice.", "doc_md": "Mine."},
    ]
    assert [registered.declared for registered in dag.tasks.values()] == [{"retries": 4}, {}]


def test_groups_in_blocks(dag: Dag) -> None:
    """`TaskGroup("g")` belongs to the Dag whose block is open."""
    with dag, TaskGroup("outer", tooltip="All."), TaskGroup("inner") as inner:
        add(1)
    with TaskGroup("beside", dag=dag):
        dag.task(task_id="last")(extract.function)
    assert list(dag.groups) == ["outer", "outer.inner", "beside"]
    assert [registered.task_id for registered in inner.tasks] == ["outer.inner.add"]
    assert list(dag.tasks) == ["outer.inner.add", "beside.last"]
    with pytest.raises(RegistrationError, match=r"TaskGroup\('g'\) is outside of the block of a Dag"):
        TaskGroup("g")
    with dag, pytest.raises(RegistrationError, match="already has a task or a task group 'outer': rename one"):
        TaskGroup("outer")


def test_errors(dag: Dag) -> None:
    """Calls outside of blocks, wrong ids and objects that are not functions are errors."""
    with pytest.raises(RegistrationError, match=r"GroupFunction\('load'\) was called outside of the block of a Dag"):
        load(1)
    with pytest.raises(RegistrationError, match=r"@task_group got 'a': write @task_group\(group_id='a'\)"):
        task_group("a")  # type: ignore[call-overload]
    with dag, pytest.raises(RegistrationError, match="Airflow refuses the group_id 'a b'"):
        load.override(group_id="a b")(1)
    with dag, pytest.raises(RegistrationError, match="Airflow refuses the group_id 3"):
        load.override(group_id=3)(1)
    assert load.__name__ == "load"


def test_groups_cannot_be_mapped() -> None:
    """The error says what can be mapped."""
    missing: Any = load
    with pytest.raises(AttributeError, match="has no attribute 'expand': only tasks can be mapped"):
        missing.expand(value=[1])
    with pytest.raises(AttributeError, match=r"'GroupFunction' object has no attribute 'x'$"):
        missing.x()
