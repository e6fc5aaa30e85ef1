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
    from dagfloe.model.context import Context


@pytest.fixture
def dag() -> Dag:
    """A Dag without tasks."""
    return Bundle().dag("d")


def test_bare_decorator(dag: Dag) -> None:
    """`@dag.task` registers under the function's name, and the task is called as the function is."""

    @dag.task
    def double(number: int = 2) -> int:
        return 2 * number

    assert double(5) == 10
    handler = dag.tasks["double"]
    assert (handler.dag_id, handler.task_id, handler.function) == ("d", "double", double.function)
    assert handler is double
    assert (double.__name__, inspect.signature(double)) == ("double", inspect.signature(double.function))
    assert [parameter.name for parameter in handler.parameters] == ["number"]


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
    for each in (bundle.dag("a"), bundle.dag("b"), dag):
        each.task(task)
        each.task(task_id="again")(task)
        assert list(each.tasks) == ["task", "again"]


@pytest.mark.parametrize("wrong", ["x", 5])
def test_task_id_by_position(dag: Dag, wrong: Any) -> None:
    """`@dag.task("x")` is refused, and the message writes what was meant."""
    with pytest.raises(RegistrationError, match=re.escape(f"write @dag.task(task_id={wrong!r})")):
        dag.task(wrong)


def test_find() -> None:
    """A task is found by its two ids, and by nothing less."""
    bundle = Bundle()
    bundle.dag("d").task(task_id="t")(lambda: 1)
    handler = bundle.find("d", "t")
    assert handler is not None
    assert handler.function() == 1
    assert bundle.find("d", "u") is None
    assert bundle.find("e", "t") is None


def test_duplicates(dag: Dag) -> None:
    """An id that is taken is refused at registration, and the first registration stays."""
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
def test_ids_follow_airflows_rules(text: str) -> None:
    """An id is accepted exactly when Airflow accepts it: word characters, dots and hyphens, and no final newline."""
    bundle = Bundle()
    if text and all(character.isalnum() or character in "_.-" or re.match(r"\w", character) for character in text):
        bundle.dag(text).task(task_id=text)(lambda: None)
        assert bundle.find(text, text)
    else:
        with pytest.raises(RegistrationError, match=r"the dag_id .* is refused by Airflow"):
            bundle.dag(text)
        with pytest.raises(RegistrationError, match=r"the task_id .* is refused by Airflow"):
            bundle.dag("d").task(task_id=text)(lambda: None)


@pytest.mark.parametrize("text", ["", "a b", "a\n", "\na", "a/b", "a:b", "a+b", "a\0", "😀"])
def test_ids_that_are_refused(text: str) -> None:
    """Ids that Airflow does not accept are refused at registration."""
    with pytest.raises(RegistrationError, match="use letters, digits, underscores, dots and hyphens only"):
        Bundle().dag(text)


def test_length_of_ids(dag: Dag) -> None:
    """Airflow stores 250 characters."""
    dag.task(task_id="x" * 250)(lambda: None)
    with pytest.raises(RegistrationError, match="has 251 characters: Airflow allows 250"):
        dag.task(task_id="x" * 251)(lambda: None)
    with pytest.raises(RegistrationError, match="has 1000 characters"):
        Bundle().dag("x" * 1000)


@pytest.mark.parametrize("value", [None, 3, b"d", ["d"]])
def test_ids_are_text(value: Any) -> None:
    """An id of another type is refused with its type."""
    with pytest.raises(RegistrationError, match=f"a dag_id is text, not .* of type {type(value).__name__}"):
        Bundle().dag(value)


def test_function_without_a_usable_name(dag: Dag) -> None:
    """A lambda needs a task_id."""
    with pytest.raises(RegistrationError, match="the task_id '<lambda>' is refused"):
        dag.task(lambda: None)


def test_failed_registration_leaves_nothing_behind(dag: Dag) -> None:
    """A function that cannot be a task is not registered."""

    async def task() -> None: ...

    with pytest.raises(RegistrationError):
        dag.task(task)
    assert dag.tasks == {}


def test_class_imported_for_checkers_only(dag: Dag) -> None:
    """A class that this module does not have at run time is an error while registering, not when the task runs."""
    with pytest.raises(RegistrationError, match="'Context' of parameter 'context'"):

        @dag.task
        def task(context: Context) -> None: ...


def test_repr() -> None:
    """What is registered can be seen."""
    bundle = Bundle()
    bundle.dag("d").task(task_id="t")(lambda: None)
    assert repr(bundle) == "Bundle(dags=['d'])"
    assert repr(bundle.dags["d"]) == "Dag('d', tasks=['t'])"
    assert repr(bundle.find("d", "t")) == "Task('d', 't')"
