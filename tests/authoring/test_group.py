"""Task groups: the ids of their tasks, and groups as ends of edges."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe import Bundle, Dag, TaskGroup
from dagfloe.errors import RegistrationError


@pytest.fixture
def dag() -> Dag:
    """A Dag without tasks."""
    return Bundle().dag("d")


def register(dag: Dag, *names: str) -> list[Any]:
    return [dag.task(task_id=name)(lambda: None) for name in names]


def test_ids_in_groups(dag: Dag) -> None:
    """A group's id and a dot precede the ids of its tasks and of the groups inside it."""
    with dag.group("outer") as outer:
        register(dag, "a")
        with dag.group("inner") as inner:
            register(dag, "b")
        register(dag, "c")
    register(dag, "d")
    assert list(dag.tasks) == ["outer.a", "outer.inner.b", "outer.c", "d"]
    assert [task.group for task in dag.tasks.values()] == ["outer", "outer.inner", "outer", None]
    assert dag.groups == {"outer": outer, "outer.inner": inner}
    assert [task.task_id for task in outer.tasks] == ["outer.a", "outer.inner.b", "outer.c"]
    assert [task.task_id for task in inner.tasks] == ["outer.inner.b"]


def test_a_group_runs_before_and_after(dag: Dag) -> None:
    """Tasks before a group run before its first tasks; tasks after a group run after its last tasks."""
    (before,) = register(dag, "before")
    with dag.group("g") as group:
        a, b, c = register(dag, "a", "b", "c")
    with dag.group("g2") as other:
        register(dag, "x", "y")
    (after,) = register(dag, "after")
    with dag:
        a >> b
        before >> group >> after
        [group, c] >> other
        after << other
    assert dag.downstream_of("before") == ["g.a", "g.c"]
    assert dag.downstream_of("g.a") == ["g.b"]
    assert dag.downstream_of("g.b") == ["after", "g2.x", "g2.y"]
    assert dag.downstream_of("g.c") == ["after", "g2.x", "g2.y"]
    assert dag.downstream_of("g2.x") == dag.downstream_of("g2.y") == ["after"]


def test_groups_with_similar_names(dag: Dag) -> None:
    """A group has no task of another group whose id begins with its own id."""
    with dag.group("load") as load:
        register(dag, "a")
    with dag.group("load_more") as more:
        register(dag, "b")
    assert [[task.task_id for task in group.tasks] for group in (load, more)] == [["load.a"], ["load_more.b"]]


@pytest.mark.parametrize("wrong", ["", "a.b", "a b", 5, "x" * 201])
def test_invalid_ids(dag: Dag, wrong: Any) -> None:
    """A group's id has no dots; `Dag.group` checks it."""
    with pytest.raises(RegistrationError, match="the group_id"):
        dag.group(wrong)
    assert dag.groups == {}


def test_duplicate_ids(dag: Dag) -> None:
    """A group and a task cannot share an id, whichever comes first."""
    register(dag, "a")
    dag.group("g")
    for name in ("a", "g"):
        with pytest.raises(RegistrationError, match=f"already has a task or a task group '{name}'"):
            dag.group(name)
    with pytest.raises(RegistrationError, match="two tasks with the task_id 'g'"):
        register(dag, "g")


def test_an_empty_group(dag: Dag) -> None:
    """A group without tasks cannot be connected."""
    (a,) = register(dag, "a")
    group: TaskGroup = dag.group("g")
    with dag, pytest.raises(RegistrationError, match="has no tasks yet"):
        a >> group
