"""Setups and teardowns: how authors declare them, and which are errors."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe import Bundle, Dag
from dagfloe.errors import RegistrationError


@pytest.fixture
def dag() -> Dag:
    """A Dag without tasks."""
    return Bundle().dag("d")


def plain(dag: Dag, name: str, **options: Any) -> Any:
    return dag.task(task_id=name, **options)(lambda: None)


def test_decorators(dag: Dag) -> None:
    """`Dag.setup` and `Dag.teardown` register tasks with the options of other tasks."""

    @dag.setup
    def create() -> None: ...

    @dag.teardown(on_failure_fail_dagrun=True, retries=2)
    def delete() -> None: ...

    @dag.teardown
    def forget() -> None: ...

    assert [task.kind for task in dag.tasks.values()] == ["setup", "teardown", "teardown"]
    assert [task.on_failure_fail_dagrun for task in dag.tasks.values()] == [False, True, False]
    assert dag.tasks["delete"].declared == {"retries": 2}


def test_methods(dag: Dag) -> None:
    """`as_teardown` makes its setups setups, and lets them run before the teardown."""
    a, b, c, d = (plain(dag, name) for name in "abcd")
    assert c.as_teardown(setups=[a, b]) is c
    assert d.as_teardown(setups=a, on_failure_fail_dagrun=True) is d
    assert [task.kind for task in dag.tasks.values()] == ["setup", "setup", "teardown", "teardown"]
    assert (dag.downstream_of("a"), dag.downstream_of("b")) == (["c", "d"], ["c"])
    assert (c.on_failure_fail_dagrun, d.on_failure_fail_dagrun) == (False, True)
    assert a.as_setup() is a


def test_calls(dag: Dag) -> None:
    """In a `with dag:` block, the methods work on calls; setups and teardowns may be mapped and have arguments."""
    create = dag.task(task_id="create")(lambda name: name)
    use = dag.task(task_id="use")(lambda name: name)
    delete = dag.task(task_id="delete", trigger_rule="one_failed")(lambda names: names)
    with dag:
        created = create.expand(name=["x", "y"]).as_setup()
        use.expand(name=created) >> delete(created).as_teardown(setups=created)
    assert (create.kind, use.kind, delete.kind) == ("setup", "task", "teardown")
    assert delete.declared == {}
    assert dag.downstream_of("create") == ["use", "delete"]


def test_trigger_rules(dag: Dag) -> None:
    """Airflow chooses the trigger rule of a teardown; that of default_args does not count for it."""
    dag = Bundle().dag("d", default_args={"trigger_rule": "all_done"})
    assert dag.teardown(task_id="a")(lambda: None).declared == {}
    with pytest.raises(RegistrationError, match="task 'b' is a teardown, and Airflow chooses its trigger_rule"):
        dag.teardown(task_id="b", trigger_rule="all_done")(lambda: None)
    assert list(dag.tasks) == ["a"]


def test_tasks_after_setups(dag: Dag) -> None:
    """A task right after a setup has the trigger rule `all_success`."""
    create, use = plain(dag, "create").as_setup(), plain(dag, "use", trigger_rule="all_done")
    delete = plain(dag, "delete").as_teardown(setups=create)
    dag.check_setups()
    use >> delete
    dag.check_setups()
    create >> use
    with pytest.raises(RegistrationError, match=r"Task\('d', 'use'\) has the trigger_rule 'all_done' and runs right"):
        dag.check_setups()


def test_wrong_kinds(dag: Dag) -> None:
    """A branch, a short circuit and the opposite cannot be a setup or a teardown."""
    branch = dag.branch(task_id="branch")(lambda: "x")
    short = dag.short_circuit(task_id="short")(lambda: True)
    setup, teardown = plain(dag, "setup").as_setup(), plain(dag, "teardown").as_teardown()
    with pytest.raises(RegistrationError, match=r"'branch'.* is a branch: it cannot be a setup"):
        branch.as_setup()
    with pytest.raises(RegistrationError, match=r"'short'.* is a short circuit: it cannot be a teardown"):
        short.as_teardown()
    with pytest.raises(RegistrationError, match="is a setup: it cannot be a teardown"):
        setup.as_teardown()
    with pytest.raises(RegistrationError, match="is a teardown: it cannot be a setup"):
        teardown.as_teardown(setups=teardown)
    with pytest.raises(RegistrationError, match="not 'setup'"):
        teardown.as_teardown(setups=["setup"])
    other: Any = dag
    with pytest.raises(RegistrationError, match="task 't' has on_failure_fail_dagrun, but only a teardown may"):
        other.task(task_id="t", on_failure_fail_dagrun=True)(lambda: None)


def test_nothing_waits_for_the_teardowns_of_a_group(dag: Dag) -> None:
    """The last tasks of a group are those before its teardowns; setups and other groups' teardowns do not count."""
    with dag.group("g") as group:
        create, left, right = (plain(dag, name) for name in ("create", "left", "right"))
        delete = plain(dag, "delete").as_teardown(setups=create)
        forget = plain(dag, "forget").as_teardown(setups=create)
    create >> left >> right >> delete >> forget
    left >> forget
    assert [task.task_id for task in group.lasts()] == ["g.right"]
    assert [task.task_id for task in group.firsts()] == ["g.create"]
    group >> plain(dag, "after")
    assert dag.downstream_of("g.right") == ["g.delete", "after"]
    assert dag.downstream_of("g.forget") == []
