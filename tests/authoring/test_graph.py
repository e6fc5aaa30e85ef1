"""What calls and `>>` inside a `with dag:` block declare, and which of them are errors."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from graphlib import CycleError, TopologicalSorter
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Bundle, Client, Dag
from dagfloe.errors import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Callable

at_module_level = Bundle().dag("at_module_level")


@at_module_level.task(task_id="other_name")
def half(number: int = 2) -> int:
    """Divide by two."""
    return number // 2


def ask(client: Client, rows: object, *, limit: int = 3) -> None:
    """A function with an injected parameter."""


class Pipeline:
    """A Dag with tasks, and a task of another Dag."""

    def __init__(self) -> None:
        bundle = Bundle()
        self.dag = bundle.dag("d")
        self.extract = self.dag.task(task_id="extract")(lambda: [1])
        self.transform = self.dag.task(task_id="transform")(lambda rows, scale=1: [scale * row for row in rows])
        self.load = self.dag.task(task_id="load")(lambda rows, table="sales": (rows, table))
        self.many = self.dag.task(task_id="many")(lambda first, *rest, **named: (first, rest, named))
        self.asks = self.dag.task(task_id="asks")(ask)
        self.stranger = bundle.dag("beside").task(task_id="stranger")(lambda: None)
        self.a, self.b, self.c, self.d = (self.dag.task(task_id=name)(lambda x=None: x) for name in "abcd")


CONNECT: list[Callable[..., object]] = [
    lambda a, b: a >> b,
    lambda a, b: b << a,
    lambda a, b: [a] >> b,
    lambda a, b: a.set_downstream(b),
    lambda a, b: b.set_upstream([a]),
]


@pytest.fixture
def pipe() -> Pipeline:
    """Tasks without edges."""
    return Pipeline()


def edges(dag: Dag) -> dict[str, list[str]]:
    """The downstream tasks of every task that has some."""
    return {task_id: downstream for task_id in dag.tasks if (downstream := dag.downstream_of(task_id))}


def test_chained_calls(pipe: Pipeline) -> None:
    """Nested calls declare the arguments and the order of tasks, and run nothing."""
    with pipe.dag:
        end = pipe.load(pipe.transform(pipe.extract()), table="weather")
    assert pipe.extract.arguments == {}
    assert repr(pipe.transform.arguments) == "{'rows': XComArg('extract', key='return_value')}"
    assert repr(pipe.load.arguments) == "{'rows': XComArg('transform', key='return_value'), 'table': 'weather'}"
    assert (end.task_id, end.key) == ("load", "return_value")
    assert edges(pipe.dag) == {"extract": ["transform"], "transform": ["load"]}
    assert pipe.dag.reachable_from("extract") == {"transform", "load"}
    assert pipe.dag.reachable_from("load") == set()


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (1, x), lambda x: [{"a": ({"b": [x]},)}, x]])
@pytest.mark.parametrize("is_literal", [True, False])
def test_arguments(pipe: Pipeline, wrap: Callable[[object], object], is_literal: bool) -> None:
    """An argument does not change; a return value in it, at any depth, adds one edge."""
    with pipe.dag:
        argument = wrap(5 if is_literal else pipe.extract())
        pipe.load(argument)
    assert pipe.load.arguments == {"rows": argument}
    assert edges(pipe.dag) == ({} if is_literal else {"extract": ["load"]})


def test_keys(pipe: Pipeline) -> None:
    """`extract()["rows"]` is the XCom with that key; keys are strings."""
    with pipe.dag:
        whole = pipe.extract()
        pipe.load(whole["rows"])
    assert repr(pipe.load.arguments) == "{'rows': XComArg('extract', key='rows')}"
    assert edges(pipe.dag) == {"extract": ["load"]}
    for key in (0, None, slice(1)):
        with pytest.raises(RegistrationError, match=re.escape(f"its keys are strings, not {key!r}")):
            whole[key]


def test_signatures(pipe: Pipeline) -> None:
    """`*args` is one argument, `**kwargs` are arguments by name; injected parameters take no argument."""
    with pipe.dag:
        rows = pipe.extract()
        pipe.many(1, 2, rows, third=3, fourth=rows)
        with pytest.raises(RegistrationError, match="'client', but no parameter of this name takes an argument"):
            pipe.asks(1, client=None)
        pipe.asks(1, limit=4)
    assert pipe.many.arguments == {"first": 1, "rest": (2, rows), "third": 3, "fourth": rows}
    assert pipe.asks.arguments == {"rows": 1, "limit": 4}
    assert edges(pipe.dag) == {"extract": ["many"]}


def test_calls_outside_of_the_block(pipe: Pipeline) -> None:
    """Outside of the block, also after a block that raised, a call calls the function; `expand` is an error."""
    assert pipe.load([1], "before") == ([1], "before")
    for expand in (pipe.load.expand, pipe.load.partial(table="x").expand):
        with pytest.raises(RegistrationError, match=r"'load'\)\.expand\(\) is outside of a `with dag:` block"):
            expand(rows=[1])
    with pipe.dag:
        pipe.load([1], "inside")
    assert pipe.load([1], "after") == ([1], "after")
    with pytest.raises(ZeroDivisionError), pipe.dag:
        divmod(1, 0)
    assert not pipe.dag.is_wiring
    assert pipe.load.mapped is None
    assert pipe.load([1], "later") == ([1], "later")
    assert pipe.load.arguments == {"rows": [1], "table": "inside"}


def test_nested_and_repeated_blocks(pipe: Pipeline) -> None:
    """A block may contain another block of the same Dag; later blocks add to the graph."""
    with pipe.dag as same:
        assert same is pipe.dag
        with pipe.dag:
            rows = pipe.extract()
        rows = pipe.transform(rows)
    assert pipe.load([2]) == ([2], "sales")
    with pipe.dag:
        pipe.load(rows)
    assert edges(pipe.dag) == {"extract": ["transform"], "transform": ["load"]}


@pytest.mark.parametrize(
    ("declare", "expected"),
    [
        (lambda t: t.a >> t.b >> t.c, {"a": ["b"], "b": ["c"]}),
        (lambda t: t.a << t.b << t.c, {"b": ["a"], "c": ["b"]}),
        (lambda t: t.a >> [t.b, t.c] >> t.d, {"a": ["b", "c"], "b": ["d"], "c": ["d"]}),
        (lambda t: t.a << (t.b, t.c) << t.d, {"b": ["a"], "c": ["a"], "d": ["b", "c"]}),
        (lambda t: [t.a, t.b] << t.c >> t.d, {"c": ["a", "b", "d"]}),
        (lambda t: (t.a >> t.b, t.a >> t.b, t.b << t.a, t.b(t.a())), {"a": ["b"]}),
        (lambda t: [t.a(), t.b] >> t.c(1)["key"] >> [t.d], {"a": ["c"], "b": ["c"], "c": ["d"]}),
        (lambda t: t.a >> [], {}),
    ],
)
def test_shifts(pipe: Pipeline, declare: Callable[..., object], expected: dict[str, list[str]]) -> None:
    """`>>` and `<<` connect tasks, results of calls, and lists of these, and can be chained."""
    with pipe.dag:
        declare(pipe)
    assert edges(pipe.dag) == expected


@pytest.mark.parametrize("other", [3, None, "b", lambda: 1, [["a"]], {"a": 1}])
def test_shift_with_something_else(pipe: Pipeline, other: Any) -> None:
    """Connecting anything else is an error; a list that contains anything else adds no edge."""
    for shift in (
        lambda: pipe.extract >> other,
        lambda: pipe.extract << other,
        lambda: other >> pipe.extract,
        lambda: other << pipe.extract,
        lambda: pipe.extract >> [pipe.load, other],
    ):
        with pipe.dag, pytest.raises(RegistrationError, match="connects tasks, task groups and results of calls"):
            shift()
    assert edges(pipe.dag) == {}


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (
            lambda p: p.load(1, "x", 2),
            "Task('d', 'load') got 3 arguments by position, but takes 2: follow the signature",
        ),
        (lambda p: p.load(1, tabel="x"), "Task('d', 'load') got 'tabel', but no parameter of this name"),
        (lambda p: p.load(1, rows=2), "Task('d', 'load') got its argument 'rows' twice"),
        (lambda p: p.load(table="x"), "Task('d', 'load') needs an argument 'rows'"),
        (lambda p: p.load(*p.extract()), "pass it to a task as a whole, or use .expand()"),
        (lambda p: 1 in p.extract(), "pass it to a task as a whole, or use .expand()"),
        (lambda p: p.extract() or 1, "decide inside a task, with client.branch"),
        (lambda p: p.load.expand(), "Task('d', 'load').expand() needs at least one argument to map over"),
        (lambda p: p.load.partial(rows=1).expand(), "needs at least one argument to map over"),
        (
            lambda p: p.load.expand(rows=3),
            "is mapped over 'rows', which is of type int: pass a list, a dict or a return value",
        ),
        (
            lambda p: p.load.expand(rows="abc"),
            "is mapped over 'rows', which is of type str: pass a list, a dict or a return value",
        ),
        (lambda p: p.load.expand(rows=p.extract()["a"]), "in 'rows': map it over a return value"),
        (
            lambda p: p.load.partial(rows=1).expand(rows=[2]),
            "gets 'rows' from both partial() and expand(): pass it to one of them",
        ),
        (lambda p: p.load.expand(table=["x"]), "needs an argument 'rows'"),
        (lambda p: p.load(p.extract), "got Task('d', 'extract') itself as 'rows': call it"),
        (lambda p: p.load([{"a": p.extract}]), "got Task('d', 'extract') itself as 'rows': call it"),
        (lambda p: p.load({p.extract()}), "is in a set, but its value may not be hashable: use a list"),
        (lambda p: p.load(frozenset([p.extract()])), "is in a set"),
        (lambda p: p.load(p.extract()["a"]["b"]), "is already an XCom with a key: get 'b' from it inside the task"),
        (lambda p: p.load.partial(limit=1).expand(rows=[2]), "'limit', but no parameter of this name"),
    ],
)
def test_misuse(pipe: Pipeline, misuse: Callable[[Pipeline], object], message: str) -> None:
    """A wrong declaration is an error that names the task; a correct call still works afterwards."""
    with pipe.dag:
        with pytest.raises(RegistrationError, match=re.escape(message)):
            misuse(pipe)
        pipe.load([1])
    assert pipe.load.arguments == {"rows": [1]}
    assert edges(pipe.dag) == {}


def test_called_twice(pipe: Pipeline) -> None:
    """A second call is an error, and the first call stays; under another task_id, the function can be used again."""
    with pipe.dag:
        pipe.load([1])
        for again in (lambda: pipe.load([2]), lambda: pipe.load.expand(rows=[2])):
            with pytest.raises(
                RegistrationError, match=r"called twice in the Dag: register .* again under another task_id"
            ):
                again()
        pipe.dag.task(task_id="load_again")(pipe.load)([2])
    assert pipe.load.arguments == {"rows": [1]}
    assert pipe.dag.tasks["load_again"].arguments == {"rows": [2]}


@pytest.mark.parametrize(
    ("declare", "close"),
    [
        (lambda _: None, lambda t: t.a >> t.a),
        (lambda t: t.a >> t.b, lambda t: t.a << t.b),
        (lambda t: t.a >> t.b, lambda t: t.a(t.b())),
        (lambda t: t.b(t.a()), lambda t: t.b >> t.a),
        (lambda t: t.a >> t.b >> t.c, lambda t: t.c >> t.a),
        (lambda t: t.c(t.b(t.a())), lambda t: [t.d, t.c] >> t.a),
        (lambda t: t.c << t.b << t.a, lambda t: t.a.expand(x=t.c())),
    ],
)
def test_cycles(pipe: Pipeline, declare: Callable[..., object], close: Callable[..., object]) -> None:
    """A cycle of any length is an error that names two of its tasks."""
    with pipe.dag:
        declare(pipe)
        with pytest.raises(RegistrationError, match=r"in Dag 'd', task 'a' would run both before and after '[abc]'"):
            close(pipe)
    assert "a" not in pipe.dag.reachable_from("a")


def test_tasks_of_two_dags(pipe: Pipeline) -> None:
    """Neither `>>` nor arguments may connect tasks of two Dags."""
    with pipe.dag, pipe.stranger.dag:
        for connect in (lambda: pipe.stranger >> pipe.load, lambda: pipe.load(pipe.stranger())):
            with pytest.raises(
                RegistrationError, match="'beside' and task 'load' to Dag 'd': connect only tasks of one Dag"
            ):
                connect()
    assert edges(pipe.dag) == edges(pipe.stranger.dag) == {}


def test_expand(pipe: Pipeline) -> None:
    """A mapped task runs after the tasks of all its arguments; only what it is mapped over feeds the mapping."""
    with pipe.dag:
        rows = pipe.extract()
        end = pipe.load.partial(table=pipe.transform(rows)).expand(rows=rows)
    assert pipe.load.mapped == {"rows": rows}
    assert repr(pipe.load.arguments and pipe.load.arguments["table"]) == "XComArg('transform', key='return_value')"
    assert edges(pipe.dag) == {"extract": ["transform", "load"], "transform": ["load"]}
    assert (end.is_mapped, rows.is_mapped) == (True, False)
    assert [task_id for task_id in pipe.dag.tasks if pipe.dag.feeds_mapping(task_id)] == ["extract"]


@pytest.mark.parametrize("literal", [[1, 2], (1, 2), {"a": 1}, []])
def test_expand_over_a_literal(pipe: Pipeline, literal: object) -> None:
    """A task can be mapped over a list, a tuple or a dict."""
    with pipe.dag:
        pipe.load.expand(rows=literal)
    assert (pipe.load.mapped, edges(pipe.dag)) == ({"rows": literal}, {})


def test_task_is_like_its_function() -> None:
    """A task has its function's name, docstring and signature; pickle and copy refer to it by the function's name."""
    assert (half.__name__, half.__doc__, half.__module__) == ("half", "Divide by two.", __name__)
    assert list(inspect.signature(half).parameters) == ["number"]
    assert pickle.loads(pickle.dumps(half)) is half  # noqa: S301 - its own bytes
    assert copy.deepcopy([half])[0] is copy.copy(half) is half


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.sampled_from(CONNECT)), max_size=24))
def test_any_graph(edges_to_add: list[tuple[str, str, Callable[..., object]]]) -> None:
    """An edge is an error exactly if it closes a cycle; `reachable_from` is the transitive closure."""
    dag = Bundle().dag("d")
    tasks = {name: dag.task(task_id=name)(lambda: None) for name in "abcdef"}
    downstream: dict[str, list[str]] = {name: [] for name in tasks}
    for first, second, connect in edges_to_add:
        try:
            TopologicalSorter({**downstream, first: [*downstream[first], second]}).prepare()
        except CycleError:
            with pytest.raises(RegistrationError, match="would run both before and after"):
                connect(tasks[first], tasks[second])
        else:
            connect(tasks[first], tasks[second])
            downstream[first] += [second] if second not in downstream[first] else []
        assert {name: dag.downstream_of(name) for name in tasks} == downstream
    closure = {name: set(next_) for name, next_ in downstream.items()}
    for middle, name in product(tasks, tasks):
        closure[name] |= closure[middle] if middle in closure[name] else set()
    assert {name: dag.reachable_from(name) for name in tasks} == closure


@pytest.mark.parametrize(
    ("signature", "call", "expected"),
    [
        ("a, *rest, b=0", "(1, 2, 3, b=4)", {"a": 1, "rest": (2, 3), "b": 4}),
        ("a, *rest, b=0", "(1, 2, 3)", {"a": 1, "rest": (2, 3)}),
        ("a, *, b", "(1, b=2)", {"a": 1, "b": 2}),
        ("a, *, b", "(1, 2)", "got 2 arguments by position, but takes 1"),
        ("a, /", "(1)", {"a": 1}),
        ("a, /", "(a=1)", "got 'a' by name, but takes it by position"),
        ("**kw", "(kw=5)", "got 'kw', but no parameter of this name"),
        ("*args, **kw", "(args=5)", "got 'args', but no parameter of this name"),
        ("client: Client, **kw", "(client=5)", "got 'client', but no parameter of this name"),
        ("client: Client, **kw", "(other=5)", {"other": 5}),
    ],
)
def test_arguments_are_those_of_the_signature(signature: str, call: str, expected: dict[str, object] | str) -> None:
    """Arguments by position and by name follow the function's signature."""
    scope: dict[str, Any] = {"Client": Client}
    exec(f"def t({signature}): ...", scope)  # noqa: S102 - from above
    dag = Bundle().dag("d")
    task = dag.task(scope["t"])
    with dag:
        if isinstance(expected, str):
            with pytest.raises(RegistrationError, match=re.escape(expected)):
                eval(f"task{call}")  # noqa: S307 - from above
            assert task.arguments is None
        else:
            eval(f"task{call}")  # noqa: S307 - from above
            assert task.arguments == expected


def test_wrong_declarations_have_no_effect(pipe: Pipeline) -> None:
    """After an error, a correct call declares the task."""
    other = Bundle().dag("other")
    foreign = other.task(task_id="foreign")(lambda: 1)
    with other:
        theirs = foreign()
    with pipe.dag:
        with pytest.raises(RegistrationError, match="connect only tasks of one Dag"):
            pipe.load(theirs)
        with pytest.raises(RegistrationError, match="no parameter of this name"):
            pipe.load.expand(limit=[1])
        with pytest.raises(RegistrationError, match="connect only tasks of one Dag"):
            pipe.load.expand(rows=theirs)
        pipe.load([1])
    assert (pipe.load.arguments, pipe.load.mapped) == ({"rows": [1]}, None)


def test_call_outside_of_the_block_with_an_xcom_arg(pipe: Pipeline) -> None:
    """A task of another Dag does not run with an XComArg as its argument."""
    with pipe.dag:
        rows = pipe.extract()
        with pytest.raises(RegistrationError, match="outside of a `with dag:` block of its Dag"):
            Bundle().dag("other").task(task_id="t")(lambda rows: rows)(rows)
