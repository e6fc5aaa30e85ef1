"""The sources of a task's arguments: the supervisor's bindings, or the bundle's own declaration."""

from __future__ import annotations

import logging  # noqa: TC003 - the runtime reads the annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dagfloe import Client, Context  # noqa: TC001 - the runtime reads the annotations
from dagfloe.errors import RegistrationError
from support.run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET = "hunter2"  # noqa: S105


class Bound:
    """Runs the task `t` of a Dag, and returns its arguments."""

    def __init__(self) -> None:
        self.run = Run()
        self.arguments: list[Any] = []
        self.run.airflow.replies |= {
            "GetXComCount": {"type": "XComCountResponse", "len": 0},
            "GetXComSequenceSlice": {"type": "XComSequenceSliceResult", "root": []},
        }

    def upstream(self, task_id: str, value: Any = None, key: str = "return_value") -> Any:
        """Declare a task whose XCom has this value."""
        if value is not None:
            self.run.airflow.xcoms[task_id, key] = value
        return self.run.dag.tasks.get(task_id) or self.run.dag.task(task_id=task_id)(lambda: None)

    def __call__(self, **startup: Any) -> Any:
        """The task's arguments, or the error message if it did not begin."""
        message = self.run(should_retry=True, **startup)
        if message["type"] == "RetryTask":
            assert self.arguments == [], "the task began"
            return message["retry_reason"]
        assert message["type"] == "SucceedTask"
        return self.arguments[0] if len(self.arguments) == 1 else tuple(self.arguments)

    def pulls(self) -> list[tuple[str, str]]:
        """The XComs that were read, in order."""
        return [(body["task_id"], body["key"]) for body in self.run.airflow.sent("GetXCom")]


@pytest.fixture
def bound() -> Bound:
    """A Dag without tasks."""
    return Bound()


def literal(value: object, name: str = "x", **more: object) -> dict[str, object]:
    """A binding to a value."""
    return {"kind": "literal", "name": name, "value": value, **more}


def xcom(task_id: str, name: str = "x") -> dict[str, object]:
    """A binding to an XCom."""
    return {"kind": "xcom", "name": name, "task_id": task_id}


# Arguments that the bundle declares


def test_wiring(bound: Bound) -> None:
    """Literals and return values arrive, nested and by key, beside injected arguments. An XCom is read only once."""
    one, two = bound.upstream("one", [1, 2]), bound.upstream("two", {"rows": 7})
    bound.run.airflow.xcoms["two", "rows"] = 7

    @bound.run.dag.task
    def t(client: Client, rows: list[int], *, both: dict[str, Any], log: logging.Logger, table: str = "x") -> None:
        bound.arguments.append((rows, both, table, type(client).__name__, log.name))

    with bound.run.dag:
        first, second = one(), two()
        t(first, both={"a": [first, second["rows"]], "b": (second, 5)}, table="sales")
    assert bound() == ([1, 2], {"a": [[1, 2], 7], "b": ({"rows": 7}, 5)}, "sales", "Client", "d.t")
    assert sorted(bound.pulls()) == [("one", "return_value"), ("two", "return_value"), ("two", "rows")]


class Uncomparable:
    """Like an array: a comparison of two has no truth value."""

    def __eq__(self, other: object) -> bool:
        raise ValueError(other)

    __hash__ = None  # type: ignore[assignment]


def test_wiring_of_objects(bound: Bound) -> None:
    """An argument of the bundle may be any object. Nothing compares it."""

    @bound.run.dag.task
    def t(value: object) -> None:
        bound.arguments.append(value)

    value = Uncomparable()
    with bound.run.dag:
        t(value)
    assert bound() is value


def test_wiring_of_stars(bound: Bound) -> None:
    """Functions with `*args` and `**kwargs` get all arguments of the call."""
    one = bound.upstream("one", 1)

    @bound.run.dag.task
    def t(first: int, /, *rest: int, **named: int) -> None:
        bound.arguments.append((first, rest, named))

    with bound.run.dag:
        t(one(), 2, 3, four=4)
    assert bound() == (1, (2, 3), {"four": 4})


def test_xcoms_of_tasks_outside_the_bundle(bound: Bound) -> None:
    """The XComs of tasks that only the Dag file has arrive, nested and by key, converted to the annotation."""
    bound.run.airflow.xcoms |= {("load.one", "return_value"): 1, ("two", "rows"): 7}

    @bound.run.dag.task
    def t(first: float, both: dict[str, Any], none: int | None) -> None:
        bound.arguments.append((first, both, none))

    dag = bound.run.dag
    with dag:
        t(dag.xcom("load.one"), {"a": [dag.xcom("load.one"), dag.xcom("two", "rows")]}, dag.xcom("two"))
    assert bound() == (1.0, {"a": [1, 7]}, None)
    assert list(dag.tasks) == ["t"]
    assert bound.pulls() == [("load.one", "return_value"), ("two", "rows"), ("two", "return_value")]


def test_bad_xcom_of_a_task_outside_the_bundle(bound: Bound) -> None:
    """The message names the task and the key."""
    bound.run.airflow.xcoms["one", "rows"] = SECRET

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    with bound.run.dag:
        t(bound.run.dag.xcom("one", "rows"))
    reason = bound()
    assert "expects int and got str from XCom 'rows' of task 'one'" in reason
    assert SECRET not in reason


@pytest.mark.parametrize(("task_id", "key"), [("a b", "x"), (5, "x"), ("", "x"), ("a", 5)])
def test_xcom_that_airflow_cannot_have(bound: Bound, task_id: Any, key: Any) -> None:
    """A task_id that Airflow refuses, and a key that is not a str, are refused where they are declared."""
    with pytest.raises(RegistrationError):
        bound.run.dag.xcom(task_id, key)


def test_param_of_the_dag_file(bound: Bound) -> None:
    """A task gets a param that only the Dag file declares."""

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    with bound.run.dag:
        t(bound.run.dag.param("limit"))
    assert "needs the param 'limit'" in bound()
    with pytest.raises(RegistrationError):
        bound.run.dag.param(5)  # type: ignore[arg-type]


def test_parameters_without_arguments_take_their_defaults(bound: Bound) -> None:
    """A parameter that the call leaves out takes its default, and no XCom is read for it."""

    @bound.run.dag.task
    def t(x: int = 5, context: Context | None = None) -> None:
        bound.arguments.append((x, context is not None))

    with bound.run.dag:
        t()
    assert bound() == (5, True)
    assert bound.pulls() == []


def test_bundle_without_wiring_has_no_arguments(bound: Bound) -> None:
    """A parameter without a value fails the task before any XCom is read. The error says how to pass one."""

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    assert "no value for its parameter 'x'" in bound()
    assert bound.run.sent() == []


# Bindings of a newer supervisor


def test_bindings_by_name(bound: Bound) -> None:
    """Bindings go to the parameters of the same names, in any order."""
    bound.upstream("one", 1)

    @bound.run.dag.task
    def t(y: int, client: Client, x: str) -> None:
        bound.arguments.append((y, x))

    assert bound(arg_bindings=[literal("text", "x"), xcom("one", "y")]) == (1, "text")
    assert bound.pulls() == [("one", "return_value")]


def test_bindings_by_position(bound: Bound) -> None:
    """If the stub uses other names, bindings go to the parameters in order, without the injected ones."""

    @bound.run.dag.task
    def t(log: logging.Logger, y: int, client: Client, x: str = "default") -> None:
        bound.arguments.append((y, x))

    assert bound(arg_bindings=[literal(1, "rows"), literal("text", "label")]) == (1, "text")


def test_bindings_win_over_the_wiring(bound: Bound) -> None:
    """The stub's arguments take precedence over the bundle's."""

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    with bound.run.dag:
        t(1)
    assert bound(arg_bindings=[literal(2)]) == 2


@pytest.mark.parametrize("bindings", [None, []])
def test_without_bindings_the_wiring_counts(bound: Bound, bindings: Sequence[dict[str, object]] | None) -> None:
    """If the stub passes no arguments, the bundle's arguments apply."""

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    with bound.run.dag:
        t(1)
    assert bound(arg_bindings=bindings) == 1


def test_defaults_of_the_stub_may_be_unknown(bound: Bound) -> None:
    """A default that only the stub's function has is left out; the other bindings go by name."""

    @bound.run.dag.task
    def t(y: int, x: int) -> None:
        bound.arguments.append((y, x))

    bindings = [literal(0, "dry_run", from_default=True), literal(1, "x"), literal(2, "y")]
    assert bound(arg_bindings=bindings) == (2, 1)


def test_bindings_for_stars(bound: Bound) -> None:
    """Further bindings go to `**kwargs` by name, or to `*args` by position."""

    @bound.run.dag.task
    def t(x: int, **named: object) -> None:
        bound.arguments.append((x, named))

    assert bound(arg_bindings=[literal(1, "x"), literal([2], "y")]) == (1, {"y": [2]})
    other = Bound()

    @other.run.dag.task(task_id="t")
    def t2(x: int, *rest: object) -> None:
        other.arguments.append((x, rest))

    assert other(arg_bindings=[literal(1, "a"), literal([2], "b"), literal(None, "c")]) == (1, ([2], None))


def test_too_many_bindings(bound: Bound) -> None:
    """Too many arguments fail the task. The message shows both signatures."""

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    reason = bound(arg_bindings=[literal(1, "a"), literal(SECRET, "b")])
    assert "'a', 'b'" in reason
    assert "takes 'x'" in reason
    assert SECRET not in reason
    assert bound.run.sent() == []


@pytest.mark.parametrize("binding", [{"kind": "loop", "name": "x"}, {"name": "x"}, {"kind": "xcom", "name": "x"}])
def test_unknown_kind_of_binding(bound: Bound, binding: dict[str, object]) -> None:
    """A binding of an unknown kind is refused, and the error names the kind."""

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    assert f"kind {binding.get('kind')!r}" in bound(arg_bindings=[binding])
    assert bound.run.sent() == []


# Arguments that do not fit


def test_missing_argument_comes_before_any_read(bound: Bound) -> None:
    """All sources are checked before the first XCom is read."""
    bound.upstream("one", 1)

    @bound.run.dag.task
    def t(x: int, y: int) -> None:
        bound.arguments.append((x, y))

    assert "parameter 'y'" in bound(arg_bindings=[xcom("one", "x")])
    assert bound.run.sent() == []


def test_bad_literal_comes_before_any_read(bound: Bound) -> None:
    """Literals are checked before the first XCom is read. The message shows the types and not the value."""
    bound.upstream("one", 1)

    @bound.run.dag.task
    def t(x: int, y: int) -> None:
        bound.arguments.append((x, y))

    reason = bound(arg_bindings=[xcom("one", "x"), literal(SECRET, "y")])
    assert "task 't' of Dag 'd': parameter 'y' expects int and got str" in reason
    assert SECRET not in reason
    assert bound.run.sent() == []


def test_bad_xcom_names_where_it_came_from(bound: Bound) -> None:
    """The message names task, parameter, expected and actual type, the path in the value, and the upstream task."""
    one = bound.upstream("one", {"rows": [1, SECRET]})

    @bound.run.dag.task
    def t(x: dict[str, list[int]]) -> None:
        bound.arguments.append(x)

    with bound.run.dag:
        t(one())
    reason = bound()
    for part in (
        "task 't' of Dag 'd'",
        "parameter 'x'",
        "int",
        "str",
        "$.rows[1]",
        "XCom 'return_value' of task 'one'",
    ):
        assert part in reason
    assert SECRET not in reason


@pytest.mark.parametrize(("count", "actual"), [(0, "no XCom: the task pushed none"), (1, "got null")])
def test_missing_xcom_and_null_are_different_errors(bound: Bound, count: int, actual: str) -> None:
    """The error distinguishes an upstream task that pushed nothing from one that pushed null."""
    one = bound.upstream("one")
    bound.run.airflow.replies["GetXComCount"]["len"] = count

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    with bound.run.dag:
        t(one())
    assert actual in bound()


def test_missing_xcom_is_none_if_the_annotation_allows_it(bound: Bound) -> None:
    """An upstream task that pushed nothing gives None if the annotation allows it, or if there is no annotation."""
    one = bound.upstream("one")

    @bound.run.dag.task
    def t(x: int | None, y) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - tests a parameter without an annotation
        bound.arguments.append((x, y))

    with bound.run.dag:
        result = one()
        t(result, result)
    assert bound() == (None, None)
    assert bound.pulls() == [("one", "return_value")]


# Mapped tasks


def mapped_upstream(bound: Bound, values: list[Any]) -> Any:
    """Declare a mapped task with one XCom per map index."""
    replies = bound.run.airflow.replies
    replies["GetXComCount"] = {"type": "XComCountResponse", "len": len(values)}
    replies["GetXComSequenceSlice"] = {"type": "XComSequenceSliceResult", "root": values}
    replies["GetXComSequenceItem"] = {"type": "XComSequenceIndexResult", "root": values[0] if values else None}
    return bound.run.dag.task(task_id="one")(lambda x: x)


def test_mapped_upstream_is_lazy(bound: Bound) -> None:
    """The XComs of a mapped task are a sequence. An item is read when the task accesses it."""
    one = mapped_upstream(bound, [10, 20])
    before: list[list[str]] = []

    @bound.run.dag.task
    def t(x) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - not annotated, so not converted
        before.append(bound.run.sent())
        bound.arguments.append((len(x), x[0], list(x)))

    with bound.run.dag:
        t(one.expand(x=[1, 2]))
    assert bound() == (2, 10, [10, 20])
    assert before == [[]]
    assert bound.run.sent() == ["GetXComCount", "GetXComSequenceItem", "GetXComSequenceSlice"]


@pytest.mark.parametrize("has_wiring", [True, False])
def test_mapped_upstream_of_a_binding(bound: Bound, has_wiring: bool) -> None:
    """A stub's mapped upstream is lazy, too, whether or not the bundle declares the mapping."""
    one = mapped_upstream(bound, [10, 20])

    @bound.run.dag.task
    def t(x) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - not annotated, so not converted
        bound.arguments.append(list(x))

    if has_wiring:
        with bound.run.dag:
            one.expand(x=[1, 2])
    assert bound(arg_bindings=[xcom("one")]) == [10, 20]
    assert bound.pulls() == ([] if has_wiring else [("one", "return_value")])


@pytest.mark.parametrize(("map_index", "expected"), [(0, (7, "a")), (1, (7, "b")), (2, (8, "a")), (5, (9, "b"))])
def test_mapped_task_gets_its_items(bound: Bound, map_index: int, expected: tuple[int, str]) -> None:
    """A mapped task instance gets one item of every mapped argument, and the shared arguments. Items are converted."""
    one = bound.upstream("one", [7, 8, 9])

    @bound.run.dag.task
    def t(x: int, y: str, z: int) -> None:
        bound.arguments.append((x, y, z))

    with bound.run.dag:
        t.partial(z=3).expand(x=one(), y=["a", "b"])
    assert bound(ti={"map_index": map_index}) == (*expected, 3)
    assert bound.pulls() == [("one", "return_value")]


def test_mapped_over_an_xcom_outside_the_bundle(bound: Bound) -> None:
    """A task can be mapped over the return value of a task that only the Dag file has, and over no other XCom of it."""
    bound.run.airflow.xcoms["one", "return_value"] = [7, 8]
    dag = bound.run.dag

    @dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    with dag:
        t.expand(x=dag.xcom("one"))
    assert bound(ti={"map_index": 1}) == 8
    with dag, pytest.raises(RegistrationError, match="map it over a return value"):
        dag.task(task_id="other")(lambda x: x).expand(x=dag.xcom("one", "rows"))


def test_mapped_upstream_outside_the_bundle(bound: Bound) -> None:
    """If the Dag file maps the upstream task, the argument is the sequence of its XComs."""
    mapped_upstream(bound, [10, 20])

    @bound.run.dag.task
    def t(x, y) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - not annotated, so not converted
        bound.arguments.append((list(x), list(y)))

    with bound.run.dag:
        t(bound.run.dag.xcom("other", is_mapped=True), bound.run.dag.xcom("one"))
    assert bound() == ([10, 20], [10, 20])
    assert bound.pulls() == [("one", "return_value")]


def test_source_of_a_mapping_outside_the_bundle(bound: Bound) -> None:
    """A task over which a task of the Dag file is mapped pushes the number of its items."""

    @bound.run.dag.task
    def t() -> list[int]:
        bound.arguments.append(None)
        return [1, 2, 3]

    with bound.run.dag:
        t().as_mapping_source()
    bound()
    (pushed,) = bound.run.airflow.sent("SetXCom")
    assert pushed["mapped_length"] == 3


def test_mapped_task_item_that_does_not_fit(bound: Bound) -> None:
    """The error for an item of the wrong type does not show its value."""

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    with bound.run.dag:
        t.expand(x=[1, SECRET])
    reason = bound(ti={"map_index": 1})
    assert "parameter 'x' expects int and got str" in reason
    assert SECRET not in reason


# Tasks that resume


def test_resumed_function_gets_the_arguments_that_it_names(bound: Bound) -> None:
    """A resumed function gets the event, the passed arguments, and those arguments of the task that it names."""
    one = bound.upstream("one", 1)

    @bound.run.dag.task
    def t(x: int, y: int) -> None:
        raise AssertionError("the task began again")

    @t.resume
    def done(event: dict[str, int], x: int, context: Context, more: str = "no") -> None:
        bound.arguments.append((event, x, context.task_id, more))

    with bound.run.dag:
        t(one(), 2)
    kwargs = {"event": {"status": 1}, "more": "yes"}
    assert bound(next_method="done", next_kwargs=kwargs) == ({"status": 1}, 1, "t", "yes")
    assert bound.pulls() == [("one", "return_value")]


def test_passed_arguments_are_not_read_again(bound: Bound) -> None:
    """An argument that the task passes to the resumed function is not read again."""
    one = bound.upstream("one", 1)

    @bound.run.dag.task
    def t(x: int, event: object = None) -> None:
        bound.arguments.append((x, event))

    with bound.run.dag:
        t(one())
    assert bound(next_method="t", next_kwargs={"event": "e", "x": 5}) == (5, "e")
    assert bound.pulls() == []


def test_resumed_function_that_takes_any_argument(bound: Bound) -> None:
    """A resumed function with `**` gets the event and everything that the task passes to it."""

    @bound.run.dag.task
    def t() -> None:
        raise AssertionError("the task began again")

    @t.resume
    def done(**passed: object) -> None:
        bound.arguments.append(passed)

    kwargs = {"event": {"status": 1}, "rows": 2}
    assert bound(next_method="done", next_kwargs=kwargs) == kwargs


def test_passed_argument_without_a_parameter(bound: Bound) -> None:
    """An argument that the resumed function has no parameter for is an error. Only `event` may be left out."""

    @bound.run.dag.task
    def t() -> None:
        raise AssertionError("the task began again")

    @t.resume
    def done() -> None:
        bound.arguments.append("resumed")

    assert "'rows'" in bound(next_method="done", next_kwargs={"event": 1, "rows": 2})
    assert bound(next_method="done", next_kwargs={"event": 1}) == "resumed"


def test_named_tuples_keep_their_type(bound: Bound) -> None:
    """A namedtuple that contains a return value keeps its type."""

    class Place(NamedTuple):
        row: int
        name: str

    one = bound.upstream("one", 1)

    @bound.run.dag.task
    def t(x) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - not annotated, so not converted
        bound.arguments.append(x)

    with bound.run.dag:
        t(Place(one(), "a"))
    arguments = bound()
    assert type(arguments) is Place
    assert arguments == (1, "a")


@pytest.mark.parametrize("call", ["(1, 2, 3)", "(1, 2, 3, b=4)", "(1)"])
def test_arguments_by_name_after_stars(bound: Bound, call: str) -> None:
    """Keyword-only parameters are passed by name, also after `*rest`."""

    @bound.run.dag.task
    def t(a: int, log: logging.Logger, *rest: int, b: int = 0, client: Client) -> None:
        bound.arguments.append((a, log.name, rest, b, type(client).__name__))

    def plain(a: int, *rest: int, b: int = 0) -> tuple[Any, ...]:
        return a, "d.t", rest, b, "Client"

    with bound.run.dag:
        eval(f"t{call}")  # noqa: S307 - a parameter of the test
    assert bound() == eval(f"plain{call}")  # noqa: S307 - a parameter of the test


# Values of classes that only the other task has


@dataclass
class Order:
    """A class of the bundle."""

    number: int


ORDER = {"__classname__": "shop.Purchase", "__version__": 0, "__data__": {"number": 5}}


def test_instances_of_ordinary_tasks(bound: Bound) -> None:
    """An instance of another class becomes one of the annotated class, also in a list and from a mapped task."""
    one, two = bound.upstream("one", ORDER), bound.upstream("two", [{"order": ORDER}])
    bound.run.airflow.replies |= {
        "GetXComCount": {"type": "XComCountResponse", "len": 2},
        "GetXComSequenceSlice": {"type": "XComSequenceSliceResult", "root": [ORDER, ORDER]},
    }

    @bound.run.dag.task
    def t(order: Order, fields: dict[str, int], more: list[dict[str, Order]], mapped: tuple[Order, ...]) -> None:
        bound.arguments.append((order, fields, more, mapped))

    with bound.run.dag:
        source = one()
        t(source, source, two(), bound.run.dag.xcom("mapped", is_mapped=True))
    order = Order(5)
    assert bound() == (order, {"number": 5}, [{"order": order}], (order, order))


@pytest.mark.parametrize("annotation", [None, object, "Unknown", "list[object]"])
def test_instances_without_an_annotation(bound: Bound, annotation: object) -> None:
    """Without an annotation that names a class, the error names the class, the path and the source."""
    one = bound.upstream("one", [1, {"order": ORDER | {"__data__": {"number": SECRET}}}])

    def function(x: object) -> None:
        bound.arguments.append(x)

    function.__annotations__ = {} if annotation is None else {"x": annotation}
    task = bound.run.dag.task(task_id="t")(function)
    with bound.run.dag:
        task(one())
    message = bound()
    assert (
        "parameter 'x' got an instance of shop.Purchase at $[1].order from XCom 'return_value' of task 'one'" in message
    )
    assert "annotate the parameter that receives it with dict, or with a class that has its fields" in message
    assert SECRET not in message


def test_instances_that_do_not_fit(bound: Bound) -> None:
    """The error names the class, not only that its fields are a dict."""
    one = bound.upstream("one", ORDER)

    @bound.run.dag.task
    def t(x: int) -> None:
        bound.arguments.append(x)

    with bound.run.dag:
        t(one())
    assert "parameter 'x' expects int and got shop.Purchase (dict) from XCom 'return_value' of task 'one'" in bound()


def test_instances_of_a_trigger(bound: Bound) -> None:
    """The same holds for what a task resumes with, also for `**`."""

    @bound.run.dag.task
    def t() -> None:
        raise AssertionError("the task began again")

    @t.resume
    def done(event: Order) -> None:
        bound.arguments.append(event)

    @t.resume
    def any_event(**passed: object) -> None:
        bound.arguments.append(passed)

    assert bound(next_method="done", next_kwargs={"event": ORDER}) == Order(5)
    bound.arguments.clear()
    message = bound(next_method="any_event", next_kwargs={"event": ORDER})
    assert "parameter 'event' got an instance of shop.Purchase" in message


def test_calls_in_the_task_refuse_instances(bound: Bound) -> None:
    """After the arguments are bound, a call for an instance is an error."""
    one = bound.upstream("one", ORDER)

    @bound.run.dag.task
    def t(order: Order, client: Client) -> None:
        client.get_xcom("one")

    with bound.run.dag:
        t(one())
    assert "XCom 'return_value' of task 'one' has an instance of shop.Purchase at $" in bound()
