"""What calls and `>>` inside a `with dag:` block declare, and what is refused there."""

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
    """A function that the runtime passes something to."""


class Pipeline:
    """A Dag, and another one beside it."""

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


WAYS: list[Callable[..., object]] = [lambda a, b: a >> b, lambda a, b: b << a, lambda a, b: [a] >> b]


@pytest.fixture
def pipe() -> Pipeline:
    """Tasks that are not wired."""
    return Pipeline()


def edges(dag: Dag) -> dict[str, list[str]]:
    """What runs right after each task that something runs after."""
    return {task_id: after for task_id in dag.tasks if (after := dag.downstream_of(task_id))}


def test_chained_calls(pipe: Pipeline) -> None:
    """Calls in each other say where arguments come from and what runs after what, and run nothing."""
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
    """An argument keeps its form; a return value in it, inside lists, tuples and maps, too, is one edge."""
    with pipe.dag:
        argument = wrap(5 if is_literal else pipe.extract())
        pipe.load(argument)
    assert pipe.load.arguments == {"rows": argument}
    assert edges(pipe.dag) == ({} if is_literal else {"extract": ["load"]})


def test_keys(pipe: Pipeline) -> None:
    """`extract()["rows"]` is the XCom of that key; a key is text."""
    with pipe.dag:
        whole = pipe.extract()
        pipe.load(whole["rows"])
    assert repr(pipe.load.arguments) == "{'rows': XComArg('extract', key='rows')}"
    assert edges(pipe.dag) == {"extract": ["load"]}
    for key in (0, None, slice(1)):
        with pytest.raises(RegistrationError, match=re.escape(f"its keys are texts, not {key!r}")):
            whole[key]


def test_signatures(pipe: Pipeline) -> None:
    """`*args` is an argument by that name, `**kwargs` are by their own; what the runtime passes is none."""
    with pipe.dag:
        rows = pipe.extract()
        pipe.many(1, 2, rows, third=3, fourth=rows)
        with pytest.raises(RegistrationError, match="'client', and has no parameter of that name"):
            pipe.asks(1, client=None)
        pipe.asks(1, limit=4)
    assert pipe.many.arguments == {"first": 1, "rest": (2, rows), "third": 3, "fourth": rows}
    assert pipe.asks.arguments == {"rows": 1, "limit": 4}
    assert edges(pipe.dag) == {"extract": ["many"]}


def test_calls_outside_of_the_block(pipe: Pipeline) -> None:
    """Before the block, after it, and after one that raised, a call is one of the function; there is no mapping."""
    assert pipe.load([1], "before") == ([1], "before")
    for expand in (pipe.load.expand, pipe.load.partial(table="x").expand):
        with pytest.raises(RegistrationError, match=r"'load'\)\.expand\(\) belongs into a `with dag:` block"):
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
    """A block inside another one of the same Dag does not close it; blocks add to each other."""
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
    """`>>` and `<<` take tasks, what they return, and lists of them on either side, and can be chained."""
    with pipe.dag:
        declare(pipe)
    assert edges(pipe.dag) == expected


@pytest.mark.parametrize("other", [3, None, "b", lambda: 1, [["a"]], {"a": 1}])
def test_shift_with_something_else(pipe: Pipeline, other: Any) -> None:
    """Only tasks and what they return are connected; of a list with something else in it, nothing is."""
    for shift in (
        lambda: pipe.extract >> other,
        lambda: pipe.extract << other,
        lambda: other >> pipe.extract,
        lambda: other << pipe.extract,
        lambda: pipe.extract >> [pipe.load, other],
    ):
        with pipe.dag, pytest.raises(RegistrationError, match="connects tasks, task groups and what tasks return"):
            shift()
    assert edges(pipe.dag) == {}


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda p: p.load(1, "x", 2), "Task('d', 'load') is given 3 arguments by position, and takes 2: call it as"),
        (lambda p: p.load(1, tabel="x"), "Task('d', 'load') is given 'tabel', and has no parameter of that name"),
        (lambda p: p.load(1, rows=2), "Task('d', 'load') is given its argument 'rows' twice"),
        (lambda p: p.load(table="x"), "Task('d', 'load') is given no argument 'rows', which it needs"),
        (lambda p: p.load(*p.extract()), "pass it on as a whole, or use .expand()"),
        (lambda p: 1 in p.extract(), "pass it on as a whole, or use .expand()"),
        (lambda p: p.extract() or 1, "decide inside a task, with client.branch"),
        (lambda p: p.load.expand(), "Task('d', 'load').expand() needs at least one argument to map over"),
        (lambda p: p.load.partial(rows=1).expand(), "needs at least one argument to map over"),
        (lambda p: p.load.expand(rows=3), "is mapped over 'rows', which is no list, map or return value"),
        (lambda p: p.load.expand(rows="abc"), "is mapped over 'rows', which is no list, map or return value"),
        (lambda p: p.load.expand(rows=p.extract()["a"]), "in 'rows': only return values can be"),
        (lambda p: p.load.partial(rows=1).expand(rows=[2]), "gets 'rows' from both partial() and expand()"),
        (lambda p: p.load.expand(table=["x"]), "no argument 'rows', which it needs"),
        (lambda p: p.load(p.extract), "is given Task('d', 'extract') itself in 'rows': call it"),
        (lambda p: p.load([{"a": p.extract}]), "is given Task('d', 'extract') itself in 'rows': call it"),
        (lambda p: p.load({p.extract()}), "is in a set, and what it stands for may not fit there: use a list"),
        (lambda p: p.load(frozenset([p.extract()])), "is in a set"),
        (lambda p: p.load(p.extract()["a"]["b"]), "is an XCom by key already: take 'b' of it inside the task"),
        (lambda p: p.load.partial(limit=1).expand(rows=[2]), "'limit', and has no parameter of that name"),
    ],
)
def test_misuse(pipe: Pipeline, misuse: Callable[[Pipeline], object], message: str) -> None:
    """What cannot be meant is refused where it is written, by name; the task can still be called as it is."""
    with pipe.dag:
        with pytest.raises(RegistrationError, match=re.escape(message)):
            misuse(pipe)
        pipe.load([1])
    assert pipe.load.arguments == {"rows": [1]}
    assert edges(pipe.dag) == {}


def test_called_twice(pipe: Pipeline) -> None:
    """A task has one place in the graph; the first call stays, and another task_id gives the function another place."""
    with pipe.dag:
        pipe.load([1])
        for again in (lambda: pipe.load([2]), lambda: pipe.load.expand(rows=[2])):
            with pytest.raises(RegistrationError, match=r"called twice in the Dag: register .* under another task_id"):
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
    """A task that would run both before and after another one, near or far, is refused; both are named."""
    with pipe.dag:
        declare(pipe)
        with pytest.raises(RegistrationError, match=r"in Dag 'd', task 'a' would run both before and after '[abc]'"):
            close(pipe)
    assert "a" not in pipe.dag.reachable_from("a")


def test_tasks_of_two_dags(pipe: Pipeline) -> None:
    """Only tasks of one Dag follow each other, declared by `>>` or by arguments."""
    with pipe.dag, pipe.stranger.dag:
        for after in (lambda: pipe.stranger >> pipe.load, lambda: pipe.load(pipe.stranger())):
            with pytest.raises(RegistrationError, match="'beside' and 'load' of 'd': only tasks of one Dag follow"):
                after()
    assert edges(pipe.dag) == edges(pipe.stranger.dag) == {}


def test_expand(pipe: Pipeline) -> None:
    """A mapped task keeps what it is mapped over, is after that and its other arguments; only the former feeds it."""
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
    """A list or a map is mapped over as it is."""
    with pipe.dag:
        pipe.load.expand(rows=literal)
    assert (pipe.load.mapped, edges(pipe.dag)) == ({"rows": literal}, {})


def test_task_is_like_its_function() -> None:
    """A task has its function's name, text and signature; it is pickled and copied by that name, not its task_id."""
    assert (half.__name__, half.__doc__, half.__module__) == ("half", "Divide by two.", __name__)
    assert list(inspect.signature(half).parameters) == ["number"]
    assert pickle.loads(pickle.dumps(half)) is half  # noqa: S301 - its own bytes
    assert copy.deepcopy([half])[0] is copy.copy(half) is half


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.sampled_from(WAYS)), max_size=24))
def test_any_graph(wanted: list[tuple[str, str, Callable[..., object]]]) -> None:
    """An edge is refused exactly when it would close a cycle, and what can be reached is the transitive closure."""
    dag = Bundle().dag("d")
    tasks = {name: dag.task(task_id=name)(lambda: None) for name in "abcdef"}
    after: dict[str, list[str]] = {name: [] for name in tasks}
    for first, second, connect in wanted:
        try:
            TopologicalSorter({**after, first: [*after[first], second]}).prepare()
        except CycleError:
            with pytest.raises(RegistrationError, match="would run both before and after"):
                connect(tasks[first], tasks[second])
        else:
            connect(tasks[first], tasks[second])
            after[first] += [second] if second not in after[first] else []
        assert {name: dag.downstream_of(name) for name in tasks} == after
    closure = {name: set(next_) for name, next_ in after.items()}
    for middle, name in product(tasks, tasks):
        closure[name] |= closure[middle] if middle in closure[name] else set()
    assert {name: dag.reachable_from(name) for name in tasks} == closure


@pytest.mark.parametrize(
    ("signature", "call", "expected"),
    [
        ("a, *rest, b=0", "(1, 2, 3, b=4)", {"a": 1, "rest": (2, 3), "b": 4}),
        ("a, *rest, b=0", "(1, 2, 3)", {"a": 1, "rest": (2, 3)}),
        ("a, *, b", "(1, b=2)", {"a": 1, "b": 2}),
        ("a, *, b", "(1, 2)", "is given 2 arguments by position, and takes 1"),
        ("a, /", "(1)", {"a": 1}),
        ("a, /", "(a=1)", "is given 'a' by name, and takes it by position"),
        ("**kw", "(kw=5)", "is given 'kw', and has no parameter of that name"),
        ("*args, **kw", "(args=5)", "is given 'args', and has no parameter of that name"),
        ("client: Client, **kw", "(client=5)", "is given 'client', and has no parameter of that name"),
        ("client: Client, **kw", "(other=5)", {"other": 5}),
    ],
)
def test_arguments_are_those_of_the_signature(signature: str, call: str, expected: dict[str, object] | str) -> None:
    """By position and by name is as for the function itself; nothing is lost in a name that is taken."""
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


def test_refused_declarations_leave_no_traces(pipe: Pipeline) -> None:
    """After a refusal the task can be declared as if nothing had been said."""
    other = Bundle().dag("other")
    foreign = other.task(task_id="foreign")(lambda: 1)
    with other:
        theirs = foreign()
    with pipe.dag:
        with pytest.raises(RegistrationError, match="only tasks of one Dag"):
            pipe.load(theirs)
        with pytest.raises(RegistrationError, match="no parameter of that name"):
            pipe.load.expand(limit=[1])
        with pytest.raises(RegistrationError, match="only tasks of one Dag"):
            pipe.load.expand(rows=theirs)
        pipe.load([1])
    assert (pipe.load.arguments, pipe.load.mapped) == ({"rows": [1]}, None)


def test_call_outside_of_the_block_with_a_return_value_to_come(pipe: Pipeline) -> None:
    """A task of another Dag, called inside the block, does not run with something that stands for a value."""
    with pipe.dag:
        rows = pipe.extract()
        with pytest.raises(RegistrationError, match="outside of a `with dag:` block of its own Dag"):
            Bundle().dag("other").task(task_id="t")(lambda rows: rows)(rows)
