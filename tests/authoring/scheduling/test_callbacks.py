"""The callbacks of tasks as authors declare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Bundle, Client, Context, task
from dagfloe.errors import RegistrationError
from dagfloe.runtime.declaration import describe_dag

if TYPE_CHECKING:
    from collections.abc import Callable


def first(context: Context) -> None:
    """Do nothing."""


def second(context: object, client: Client, more: int = 1) -> None:
    """Do nothing."""


class Notifier:
    """An object that can be called."""

    def __call__(self, context: object) -> None:
        """Do nothing."""


async def asynchronous(context: object) -> None:
    """Do nothing."""


def test_one_or_several() -> None:
    """A callback is a function or any other callable object; several are a list."""
    notifier = Notifier()
    dag = Bundle().dag("d")
    registered = dag.task(task_id="t", on_failure_callback=first, on_success_callback=[second, notifier, print])(first)
    assert registered.callbacks == {"on_failure_callback": (first,), "on_success_callback": (second, notifier, print)}
    assert registered.declared == {}
    assert dag.task(task_id="u", on_failure_callback=None)(first).callbacks == {}


def test_default_args() -> None:
    """The callbacks of a Dag's `default_args` are those of its tasks, unless a task or a group has its own."""
    dag = Bundle().dag("d", default_args={"on_failure_callback": first, "retries": 1})
    assert dag.task(task_id="t")(first).callbacks == {"on_failure_callback": (first,)}
    assert dag.task(task_id="u", on_failure_callback=second)(first).callbacks == {"on_failure_callback": (second,)}
    assert dag.task(task_id="v", on_failure_callback=[])(first).callbacks == {"on_failure_callback": ()}
    with dag.group("g", default_args={"on_retry_callback": second}):
        expected = {"on_failure_callback": (first,), "on_retry_callback": (second,)}
        assert dag.task(task_id="w")(first).callbacks == expected


def test_taskflow() -> None:
    """`@task` takes callbacks, and `.override` replaces them."""

    @task(on_success_callback=first)
    def work() -> None:
        """Do nothing."""

    with (dag := Bundle().dag("d")):
        work()
        work.override(on_success_callback=second)()
    assert dag.tasks["work"].callbacks == {"on_success_callback": (first,)}
    assert dag.tasks["work__1"].callbacks == {"on_success_callback": (second,)}


def test_airflow_gets_none() -> None:
    """The manifest does not contain them."""
    bundle = Bundle()
    dag = bundle.dag("d", default_args={"on_failure_callback": first})
    dag.task(task_id="t", on_success_callback=first)(first)
    assert "callback" not in repr(describe_dag(dag))


@pytest.mark.parametrize(
    ("callback", "problem"),
    [
        ("notify", "is 'notify', expected a function, or a list of functions"),
        ([first, None], "is None, expected a function"),
        (asynchronous, "is asynchronous: define it with `def`"),
        (lambda: None, r"takes no argument: it is called with the context"),
        (lambda a, b: (a, b), r"takes 2 arguments: it is called with the context"),
    ],
)
def test_refused(callback: Any, problem: str) -> None:
    """What cannot be called with the context is an error where it is declared."""
    declare: Callable[..., Any] = Bundle().dag("d").task
    with pytest.raises(RegistrationError, match=r"the on_failure_callback of task 't'") as caught:
        declare(task_id="t", on_failure_callback=callback)(first)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("option", "instead"),
    [
        ("on_failure_callback", "give its tasks an on_failure_callback, add a last task"),
        ("on_success_callback", "give its tasks an on_success_callback, add a last task"),
        ("sla_miss_callback", "use a DeadlineAlert"),
    ],
)
def test_callbacks_of_dags(option: str, instead: str) -> None:
    """A Dag has none; the message says what to use."""
    declare: Callable[..., Any] = Bundle().dag
    with pytest.raises(RegistrationError, match=f"Dag 'd' has the option '{option}'") as caught:
        declare("d", **{option: first})
    assert instead in str(caught.value)
