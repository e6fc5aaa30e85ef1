"""Arguments that are templates, in a project that does not render them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dagfloe import Bundle, literal
from dagfloe.authoring.templates import is_template
from dagfloe.errors import RegistrationError

if TYPE_CHECKING:
    from dagfloe import Task


class Pair(NamedTuple):
    """Two values."""

    a: object
    b: object


def make_task() -> Task:
    """A task with one parameter."""
    return Bundle().dag("d").task(task_id="t")(lambda value: value)


@pytest.mark.parametrize("string", ["{{ ds }}", "a {% if x %}b{% endif %}", "{# a #}", "{{}}", "{{ a }} }}"])
def test_templates(string: str) -> None:
    """A string with an expression, a statement or a comment is a template."""
    assert is_template(string)


@pytest.mark.parametrize("string", ["", "a", "{a}", "}}{{", "{ {a} }", "{{", "{% %", '{"a": {"b": 1}'])
def test_other_strings(string: str) -> None:
    """Others are not."""
    assert not is_template(string)


@pytest.mark.parametrize("value", ["{{ ds }}", ["a", ("{{ ds }}",)], {"a": {"b": "{{ ds }}"}}])
def test_refused(value: object) -> None:
    """A template in an argument is an error that says what to do, at any depth."""
    task = make_task()
    with task.dag, pytest.raises(RegistrationError, match="got a template as 'value'") as caught:
        task(value)
    assert "`airflow-names = true`" in str(caught.value)
    assert "literal(...)" in str(caught.value)


def test_refused_when_mapped() -> None:
    """The same in the items that a task is mapped over."""
    task = make_task()
    with task.dag, pytest.raises(RegistrationError, match="got a template as 'value'"):
        task.expand(value=["{{ ds }}"])


@pytest.mark.parametrize(
    "value", ["{{ ds }}", ["{{ ds }}", 1], {"a": ("{{ ds }}", None)}, Pair("{{ ds }}", [1]), {"{{ key }}": 1}]
)
def test_literal(value: Any) -> None:
    """Braces that are marked reach the task as they are, as ordinary strings."""
    task = make_task()
    with task.dag:
        task(literal(value))
    assert task.arguments == {"value": value}
    assert repr(task.arguments) == repr({"value": value})
    passed: Any = task.arguments
    assert "LiteralString" not in str([type(item) for item in (passed["value"], *passed["value"])])


def test_calls_of_the_function() -> None:
    """Outside of the block, the function gets what the caller passes."""
    assert make_task()("{{ ds }}") == "{{ ds }}"
    assert literal("{{ ds }}") == "{{ ds }}"
