"""The decorators `@task`, `@setup` and `@teardown`, and the names of trigger rules."""

from __future__ import annotations

import pytest

import dagfloe
from dagfloe import Bundle, Dag, TriggerRule, setup, task, teardown
from dagfloe.authoring.scheduling.options import TRIGGER_RULES
from dagfloe.errors import RegistrationError
from dagfloe.testing import TaskEnvironment


def extract() -> list[int]:
    return [3, 4]


@pytest.fixture
def dag() -> Dag:
    """A Dag without tasks."""
    return Bundle().dag("sales")


def test_kinds(dag: Dag) -> None:
    """Each decorator makes its kind of task, with and without options."""
    with dag:
        for number, decorator in enumerate((task, task.python, task.branch, task.short_circuit, setup, teardown)):
            decorator(extract)()
            decorator(task_id=f"other_{number}", retries=number)(extract)()
    kinds = ["task", "task", "branch", "short_circuit", "setup", "teardown"]
    assert [registered.kind for registered in dag.tasks.values()] == [kind for kind in kinds for _ in range(2)]
    assert [registered.declared.get("retries") for registered in list(dag.tasks.values())[1::2]] == [*range(6)]


def test_setup_and_teardown(dag: Dag) -> None:
    """`@setup` and `@teardown` keep the options of a `@task` below them; results of calls have `as_teardown`."""

    @setup
    @task(retries=2)
    def create() -> None: ...

    @teardown(on_failure_fail_dagrun=True)
    @task(task_id="drop")
    def delete() -> None: ...

    with dag:
        created, work = create(), task(extract)()
        created >> work >> delete().as_teardown(setups=created)
        work >> task(task_id="cleanup")(extract)().as_teardown(setups=task(task_id="prepare")(extract)())
    assert {task_id: registered.kind for task_id, registered in dag.tasks.items()} == {
        "create": "setup",
        "extract": "task",
        "drop": "teardown",
        "cleanup": "teardown",
        "prepare": "setup",
    }
    assert dag.tasks["create"].declared == {"retries": 2}
    assert dag.tasks["drop"].on_failure_fail_dagrun is True
    assert sorted(dag.downstream_of("create")) == ["drop", "extract"]


def test_one_function_as_several_kinds(dag: Dag) -> None:
    """A decorator above another one keeps its options and the functions in which the task resumes."""
    first = task(retries=3, task_id="first")(extract)

    @first.resume
    def arrived() -> None: ...

    with dag:
        task.branch(task_id="second")(first)()
        first()
    dag.task(task_id="third")(first)
    assert [registered.kind for registered in dag.tasks.values()] == ["branch", "task", "task"]
    assert dag.tasks["second"].declared == {"retries": 3}
    assert list(dag.tasks["second"].resumes) == list(dag.tasks["first"].resumes) == ["arrived"]
    assert TaskEnvironment().run(dag.tasks["third"]).raise_for_state().value == [3, 4]


@pytest.mark.parametrize("name", ["virtualenv", "sensor", "stub"])
def test_other_decorators_of_airflow(name: str) -> None:
    """A decorator that dagfloe does not have is an error that says which ones it has."""
    with pytest.raises(AttributeError, match=f"dagfloe has no @task.{name}: it has @task, @task.branch"):
        getattr(task, name)


def test_what_is_not_a_function() -> None:
    """The error shows the decorator with the argument's name."""
    for decorator, name in ((task, "task"), (task.branch, "task.branch"), (dagfloe.setup, "setup")):
        with pytest.raises(RegistrationError, match=rf"@{name} got 'a': write @{name}\(task_id='a'\)"):
            decorator("a")  # type: ignore[call-overload]


def test_trigger_rules() -> None:
    """`TriggerRule` has a name for every rule."""
    names = {name: value for name, value in vars(TriggerRule).items() if name.isupper()}
    assert list(names.values()) == list(TRIGGER_RULES)
    assert [name.lower() for name in names] == list(TRIGGER_RULES)
