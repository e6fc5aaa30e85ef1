"""Registration of Dags and tasks."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Bundle, Client, Dag
from dagfloe.errors import RegistrationError
from support.strategies import any_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.model.context import Context


@pytest.fixture
def dag() -> Dag:
    """A Dag without tasks."""
    return Bundle().dag("d")


def test_bare_decorator(dag: Dag) -> None:
    """`@dag.task` registers under the function's name, and the task a call of the task calls the function."""

    @dag.task
    def double(number: int = 2) -> int:
        return 2 * number

    assert double(5) == 10
    task = dag.tasks["double"]
    assert (task.dag_id, task.task_id, task.function) == ("d", "double", double.function)
    assert task is double
    assert (double.__name__, inspect.signature(double)) == ("double", inspect.signature(double.function))
    assert [parameter.name for parameter in task.parameters] == ["number"]


def test_decorator_with_a_task_id(dag: Dag) -> None:
    """`@dag.task(task_id="x")` registers under that id, and `@dag.task()` under the function's name."""

    @dag.task(task_id="some.other-name")
    def first(client: Client) -> None: ...

    @dag.task()
    def second() -> int:
        return 2

    assert second() == 2
    assert list(dag.tasks) == ["some.other-name", "second"]
    assert dag.tasks["some.other-name"] is first


def test_one_function_may_be_several_tasks(dag: Dag) -> None:
    """The same function may be registered under several ids, and in several Dags."""

    def task() -> None: ...

    bundle = Bundle()
    for owner in (bundle.dag("a"), bundle.dag("b"), dag):
        owner.task(task)
        owner.task(task_id="again")(task)
        assert list(owner.tasks) == ["task", "again"]


@pytest.mark.parametrize("wrong", ["x", 5])
def test_task_id_by_position(dag: Dag, wrong: Any) -> None:
    """`@dag.task("x")` is refused; the message shows the correct form."""
    with pytest.raises(RegistrationError, match=re.escape(f"write @dag.task(task_id={wrong!r})")):
        dag.task(wrong)


def test_find() -> None:
    """`find` needs both ids of a task."""
    bundle = Bundle()
    bundle.dag("d").task(task_id="t")(lambda: 1)
    task = bundle.find("d", "t")
    assert task is not None
    assert task.function() == 1
    assert bundle.find("d", "u") is None
    assert bundle.find("e", "t") is None


def test_duplicates(dag: Dag) -> None:
    """Registering an id twice is an error; the first registration stays."""
    bundle = Bundle()
    first = bundle.dag("d")
    with pytest.raises(RegistrationError, match="two Dags with the dag_id 'd'"):
        bundle.dag("d")
    assert bundle.dags == {"d": first}
    dag.task(task_id="t")(lambda: 1)
    with pytest.raises(RegistrationError, match="Dag 'd' has two tasks with the task_id 't'"):
        dag.task(task_id="t")(lambda: 2)
    assert dag.tasks["t"].function() == 1


@given(any_text | st.text("abc.-_0 é/", max_size=6))
def test_ids_follow_airflows_rules(name: str) -> None:
    """An id is accepted exactly when Airflow accepts it: word characters, dots and hyphens, and no final newline."""
    bundle = Bundle()
    if name and all(character.isalnum() or character in "_.-" or re.match(r"\w", character) for character in name):
        bundle.dag(name).task(task_id=name)(lambda: None)
        assert bundle.find(name, name)
    else:
        with pytest.raises(RegistrationError, match=r"Airflow refuses the dag_id "):
            bundle.dag(name)
        with pytest.raises(RegistrationError, match=r"Airflow refuses the task_id "):
            bundle.dag("d").task(task_id=name)(lambda: None)


@pytest.mark.parametrize("name", ["", "a b", "a\n", "\na", "a/b", "a:b", "a+b", "a\0", "😀"])
def test_invalid_ids(name: str) -> None:
    """Ids that Airflow does not accept are refused at registration."""
    with pytest.raises(RegistrationError, match="use only letters, digits, underscores, dots and hyphens"):
        Bundle().dag(name)


def test_length_of_ids(dag: Dag) -> None:
    """Airflow stores 250 characters."""
    dag.task(task_id="x" * 250)(lambda: None)
    with pytest.raises(RegistrationError, match="has 251 characters: Airflow allows 250"):
        dag.task(task_id="x" * 251)(lambda: None)
    with pytest.raises(RegistrationError, match="has 1000 characters"):
        Bundle().dag("x" * 1000)


@pytest.mark.parametrize("value", [3, b"d", ["d"]])
def test_ids_are_strings(value: Any) -> None:
    """An id of another type is refused with its type."""
    with pytest.raises(RegistrationError, match=f"a dag_id is a str, not .* of type {type(value).__name__}"):
        Bundle().dag(value)


def test_function_without_a_usable_name(dag: Dag) -> None:
    """A lambda needs a task_id."""
    with pytest.raises(RegistrationError, match="Airflow refuses the task_id '<lambda>'"):
        dag.task(lambda: None)


def test_failed_registration_has_no_effect(dag: Dag) -> None:
    """A function that cannot be a task is not registered."""

    def task() -> Iterator[int]:
        yield 1

    with pytest.raises(RegistrationError):
        dag.task(task)
    assert dag.tasks == {}


def test_class_imported_for_checkers_only(dag: Dag) -> None:
    """A class that only type checkers import is an error at registration, not when the task runs."""
    with pytest.raises(RegistrationError, match="'Context' of parameter 'context'"):

        @dag.task
        def task(context: Context) -> None: ...


def test_repr() -> None:
    """The repr of a bundle, a Dag and a task shows their ids."""
    bundle = Bundle()
    bundle.dag("d").task(task_id="t")(lambda: None)
    assert repr(bundle) == "Bundle(dags=['d'])"
    assert repr(bundle.dags["d"]) == "Dag('d', tasks=['t'])"
    assert repr(bundle.find("d", "t")) == "Task('d', 't')"
