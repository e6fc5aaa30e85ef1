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


def test_options(dag: Dag) -> None:
    """A group has options for Airflow's graph, and default options for the tasks in it."""
    dag = Bundle().dag("d", default_args={"retries": 1, "pool": "dag", "owner": "ann"})
    options: dict[str, Any] = {
        "tooltip": "It",
        "group_display_name": "The group",
        "doc_md": "# it",
        "ui_color": "red",
        "ui_fgcolor": "#fff",
    }
    with dag.group("outer", default_args={"retries": 2, "pool": "outer"}, **options) as outer:
        with dag.group("inner", default_args={"retries": 3}, tooltip=None) as inner:
            (both,) = register(dag, "both")
        (one,) = register(dag, "one")
    (none,) = register(dag, "none")
    assert outer.declared == options
    assert inner.declared == {}
    assert both.declared == {"retries": 3, "pool": "outer", "owner": "ann"}
    assert one.declared == {"retries": 2, "pool": "outer", "owner": "ann"}
    assert none.declared == {"retries": 1, "pool": "dag", "owner": "ann"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tooltip": 1}, "the tooltip of task group 'g' is 1, expected a string"),
        ({"ui_color": ""}, "the ui_color of task group 'g' is ''"),
        ({"default_args": {"retires": 1}}, "default_args has no option 'retires'"),
        ({"color": "red"}, "task group 'g' has no option 'color': its options are default_args, doc_md"),
    ],
)
def test_wrong_options(dag: Dag, options: Any, message: str) -> None:
    """A wrong option is an error, and the group is not declared."""
    with pytest.raises(RegistrationError, match=message):
        dag.group("g", **options)
    assert dag.groups == {}
