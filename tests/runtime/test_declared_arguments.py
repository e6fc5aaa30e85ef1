"""Which arguments of calls the manifest contains, and tasks that could not get theirs."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import pytest

from dagfloe import Bundle, Client
from dagfloe.errors import RegistrationError
from dagfloe.runtime.declaration import describe_dag
from dagfloe.runtime.declared_arguments import check_arguments


class Number(IntEnum):
    """Not the same after JSON."""

    ONE = 1


def describe(*args: Any, **kwargs: Any) -> Any:
    """Describe the arguments of a task `f(a, b=..., *, c=...)`."""
    dag = Bundle().dag("d")

    @dag.task
    def f(a: object, b: object = 0, *, c: object = 0) -> None: ...

    with dag:
        f(*args, **kwargs)
    return describe_dag(dag)["tasks"]["f"].get("arguments")


def test_order() -> None:
    """The arguments have the order of the parameters; those that a call does not pass are left out."""
    assert describe(c=[1], a="x") == [
        {"name": "a", "kind": "literal", "value": "x"},
        {"name": "c", "kind": "literal", "value": [1]},
    ]


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -(2**63), 2**63 - 1, 1.5, -0.0, "", "ä\n", [], {}, [[{"a": None, "b": [1.0, "x"]}]]],
)
def test_stable_values(value: Any) -> None:
    """Values that no database changes are literals."""
    assert describe(value) == [{"name": "a", "kind": "literal", "value": value}]


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else 0


@pytest.mark.parametrize(
    "value",
    [
        (1,),
        [(1,)],
        float("nan"),
        float("inf"),
        2**63,
        Number.ONE,
        b"x",
        {1: 2},
        {"b": 1, "a": 2},
        {"a": {1}},
        {"a\0": 1},
        "\0",
        "\ud800",
        "x" * 4096,
        list(range(2000)),
        deep(21),
        object(),
    ],
)
def test_other_values(value: Any) -> None:
    """The bundle itself passes values that JSON or a database may change, long ones, and all that are with them."""
    assert describe(value) is None
    assert describe(1, b=value) is None


def test_xcoms() -> None:
    """Only the return value of a task that is not mapped is an argument; other XComs are for the bundle to read."""
    dag = Bundle().dag("d")
    source: Any = dag.task(task_id="source", multiple_outputs=True)(lambda: {"key": 1})
    mapped: Any = dag.task(task_id="mapped")(lambda x: x)
    readers: list[Any] = [dag.task(task_id=f"r{number}")(lambda a: a) for number in range(6)]
    star: Any = dag.task(task_id="star")(lambda *a: a)
    with dag:
        value, values = source(), mapped.expand(x=[1])
        readers[0](value)
        readers[1](value["key"])
        readers[2](values)
        readers[3]([value])
        readers[4].expand(a=[1])
        star(value)
    tasks = describe_dag(dag)["tasks"]
    assert {task_id: task["arguments"] for task_id, task in tasks.items() if "arguments" in task} == {
        "r0": [{"name": "a", "kind": "xcom", "task_id": "source"}]
    }


def test_return_value_that_is_not_pushed() -> None:
    """A task cannot get the return value of a task that pushes none. A key may be pushed by the task's code."""
    dag = Bundle().dag("d")

    @dag.task(do_xcom_push=False)
    def first() -> int:
        return 1

    @dag.task
    def keyed(value: object) -> None: ...

    @dag.task
    def second(values: object) -> None: ...

    with dag:
        keyed(first()["rows"])
    check_arguments(dag, is_native=False)
    with dag:
        second([(first.output, 1)])
    with pytest.raises(RegistrationError, match=r"second.* gets the return value of 'first', which pushes none"):
        check_arguments(dag, is_native=False)


def test_call_that_is_missing() -> None:
    """A native Dag calls each task that needs arguments; a stub Dag may do so for other Dags."""
    dag = Bundle().dag("d")

    @dag.task
    def free(client: Client, limit: int = 1, *more: int, **rest: int) -> None: ...

    check_arguments(dag, is_native=True)

    @dag.task
    def needy(client: Client, *, day: str) -> None: ...

    check_arguments(dag, is_native=False)
    with pytest.raises(RegistrationError, match=r"needy.* needs an argument 'day', .* call the task in a `with dag:`"):
        check_arguments(dag, is_native=True)
    with dag:
        needy(day="x")
    check_arguments(dag, is_native=True)


def test_xcoms_of_tasks_outside_the_bundle() -> None:
    """A native Dag has all of its tasks in the bundle, and its tasks run after those whose XComs they get."""
    dag = Bundle().dag("d")
    first = dag.task(task_id="first")(lambda: 1)

    @dag.task
    def second(values: object) -> None: ...

    with dag:
        second({"a": [dag.xcom("extract")], "b": dag.xcom("first")})
    check_arguments(dag, is_native=False)
    assert "arguments" not in describe_dag(dag)["tasks"]["second"]
    with pytest.raises(RegistrationError, match=r"XCom of 'extract', which is not in the bundle, and a native Dag"):
        check_arguments(dag, is_native=True)
    extract = dag.task(task_id="extract")(lambda: 1)
    first >> second
    with pytest.raises(RegistrationError, match=r"'extract' by dag.xcom, and does not run after it"):
        check_arguments(dag, is_native=True)
    extract >> first
    check_arguments(dag, is_native=True)


def test_tasks_outside_of_a_native_dag() -> None:
    """A native Dag has no tasks outside of the bundle."""
    dag = Bundle().dag("d")
    dag.outside({"a": ["b"]})
    check_arguments(dag, is_native=False)
    with pytest.raises(RegistrationError, match="native, so it has no tasks outside of the bundle"):
        check_arguments(dag, is_native=True)
