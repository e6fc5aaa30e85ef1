"""`@task`: what a call registers in the block of a Dag, and what it does outside of one."""

from __future__ import annotations

import pickle
from functools import wraps
from typing import TYPE_CHECKING, Any, TypedDict

import pytest

from dagfloe import Asset, Bundle, Client, TaskDeferred, task
from dagfloe.authoring.references import XComArg
from dagfloe.errors import RegistrationError
from dagfloe.testing import MisuseError, TaskEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe import Dag


class Summary(TypedDict):
    """What a task may return."""

    rows: int


@task
def extract() -> list[int]:
    """Read the rows."""
    return [3, 4]


@task(retries=2, pool="database")
def add(rows: list[int], *, scale: int = 1) -> int:
    return scale * sum(rows)


@task.branch
def choose(total: int) -> str:
    return "small" if total < 10 else "large"


@task.short_circuit(task_id="is_needed")
def check(total: int) -> bool:
    return total > 0


@pytest.fixture
def dag() -> Dag:
    """A Dag without tasks."""
    return Bundle().dag("sales")


def edges(dag: Dag) -> dict[str, list[str]]:
    """The downstream tasks of every task that has some."""
    return {task_id: downstream for task_id in dag.tasks if (downstream := dag.downstream_of(task_id))}


def test_calls_register_tasks(dag: Dag) -> None:
    """In a block, a call registers a task with the options of the decorator, and declares its arguments."""
    with dag:
        total = add(extract(), scale=2)
        choose(total)
        result = check(total)
    assert isinstance(result, XComArg)
    assert {task_id: (task.kind, task.declared) for task_id, task in dag.tasks.items()} == {
        "extract": ("task", {"doc_md": "Read the rows."}),
        "add": ("task", {"retries": 2, "pool": "database"}),
        "choose": ("branch", {}),
        "is_needed": ("short_circuit", {}),
    }
    assert edges(dag) == {"extract": ["add"], "add": ["choose", "is_needed"]}
    assert repr(dag.tasks["add"].arguments) == "{'rows': XComArg('extract', key='return_value'), 'scale': 2}"


def test_tasks_run(dag: Dag) -> None:
    """The registered tasks run; a test may pass the function if it is one task."""
    env = TaskEnvironment()
    read = task(extract.function)
    with pytest.raises(MisuseError, match=r"belongs to one task only if .* its tasks are: none"):
        env.run(read)
    with dag:
        add(read(), scale=2)
    assert env.run(read).raise_for_state().value == [3, 4]
    assert env.run(dag.tasks["add"]).raise_for_state().value == 14
    with dag:
        read.override(task_id="again")()
    with pytest.raises(MisuseError, match=r"its tasks are: sales.extract, sales.again. Pass one of bundle"):
        env.run(read)


def test_one_function_in_several_dags() -> None:
    """Each call registers a task in the Dag whose block is the innermost one."""
    bundle = Bundle()
    with bundle.dag("outer") as outer:
        with bundle.dag("inner") as inner:
            extract()
        extract()
        extract()
    assert list(inner.tasks) == ["extract"]
    assert list(outer.tasks) == ["extract", "extract__1"]
    assert outer.tasks["extract"].function is inner.tasks["extract"].function is extract.function


def test_calls_outside_of_blocks_run_the_function(dag: Dag) -> None:
    """Unit tests and other tasks call the function; results of calls in a block are errors there."""
    assert add(extract(), scale=2) == 14
    assert add.partial(scale=3)([1]) == 3
    with dag:
        rows = extract()
    with pytest.raises(RegistrationError, match=r"TaskFunction\('add'\) got a value that is known only when a task"):
        add(rows)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "a", "a"], ["a", "a__1", "a__2"]),
        (["a__7", "a", "a__7", "a"], ["a__7", "a", "a__8", "a__9"]),
        (["a", "a__1", "a", "a__1"], ["a", "a__1", "a__2", "a__3"]),
        (["a__b", "a__b", "__1", "__1"], ["a__b", "a__b__1", "__1", "__2"]),
        (["a", "a", "a__7", "a", "a__3", "a"], ["a", "a__1", "a__7", "a__8", "a__3", "a__9"]),
    ],
)
def test_suffixes(dag: Dag, names: list[str], expected: list[str]) -> None:
    """A task_id that the Dag already has gets a number, as in Airflow."""
    with dag:
        for name in names:
            extract.override(task_id=name)()
    assert list(dag.tasks) == expected


def test_suffixes_go_on_behind_other_tasks(dag: Dag) -> None:
    """A number that another task took in the meantime is left out."""
    with dag:
        extract()
        extract()
        dag.task(task_id="extract__2")(extract.function)
        extract()
    assert list(dag.tasks) == ["extract", "extract__1", "extract__2", "extract__3"]


def test_suffixes_in_groups(dag: Dag) -> None:
    """Only the ids in the same task group count, groups included."""
    with dag:
        extract()
        with dag.group("g"):
            extract()
            extract()
            with dag.group("extract__2"):
                extract()
            extract()
    assert list(dag.tasks) == ["extract", "g.extract", "g.extract__1", "g.extract__2.extract", "g.extract__3"]


def test_override(dag: Dag) -> None:
    """The copy has other options; the original stays as it is."""
    outlets = [Asset("rows")]
    with dag:
        add.override(task_id="other", retries=5, outlets=outlets)([1])
        add([1])
        add.override(task_id="none", retries=None)([1])
    assert dag.tasks["other"].declared == {"retries": 5, "pool": "database"}
    assert dag.tasks["other"].outlets == tuple(outlets)
    assert dag.tasks["add"].declared == {"retries": 2, "pool": "database"}
    assert dag.tasks["none"].declared == {"pool": "database"}


def test_mapping(dag: Dag) -> None:
    """`partial` and `expand` map the task, over lists and over return values."""
    env = TaskEnvironment()
    with dag:
        counts = add.partial(scale=2).override(task_id="double").expand(rows=[[1], [2, 3]])
        add.expand(rows=[[1]], scale=extract())
        add.override(task_id="total")(counts)
    assert dag.tasks["double"].mapped == {"rows": [[1], [2, 3]]}
    assert edges(dag) == {"double": ["total"], "extract": ["add"]}
    values = [env.run(dag.tasks["double"], map_index=index).raise_for_state().value for index in range(2)]
    assert values == [2, 10]
    assert env.run(dag.tasks["total"]).raise_for_state().value == 12


def test_options_of_the_dag() -> None:
    """The default_args of the Dag are weaker than the decorator's options, and stronger than the docstring."""
    bundle = Bundle()
    with bundle.dag("sales", default_args={"retries": 1, "owner": "shop", "doc_md": "All of them."}) as dag:
        add([1])
        extract()
    assert dag.tasks["add"].declared == {"retries": 2, "owner": "shop", "pool": "database", "doc_md": "All of them."}
    assert dag.tasks["extract"].declared == {"retries": 1, "owner": "shop", "doc_md": "All of them."}


def with_dict() -> dict[str, int]: ...  # type: ignore[empty-body]
def with_plain_dict() -> dict: ...  # type: ignore[empty-body, type-arg]
def with_typed_dict() -> Summary: ...  # type: ignore[empty-body]
def with_mapping() -> Mapping[str, int]: ...  # type: ignore[empty-body]
def with_list() -> list[dict[str, int]]: ...  # type: ignore[empty-body]
def with_optional() -> dict[str, int] | None: ...
def with_unknown() -> Unknown: ...  # type: ignore[name-defined]  # noqa: F821
def without() -> Any: ...


without.__annotations__ = {}


@wraps(with_dict)
def wrapped() -> object:
    """Call another function."""
    return with_dict()


def resolved() -> object:
    """Return a dict."""


resolved.__annotations__["return"] = dict[str, int]


@pytest.mark.parametrize("function", [with_dict, with_plain_dict, with_typed_dict, wrapped, resolved])
def test_a_returned_dict_is_taken_apart(dag: Dag, function: Callable[..., object]) -> None:
    """A return annotation that is a kind of dict stands for `multiple_outputs=True`, as in Airflow."""
    with dag:
        task(function)()
        task(task_id="whole", multiple_outputs=False)(function)()
    assert [registered.multiple_outputs for registered in dag.tasks.values()] == [True, False]


@pytest.mark.parametrize("function", [with_list, with_optional, with_unknown, with_mapping, without])
def test_other_returned_values_stay_whole(dag: Dag, function: Callable[..., object]) -> None:
    """Other annotations do not, nor do those that only type checkers can resolve."""
    with dag:
        task(function)()
        task(task_id="apart", multiple_outputs=True)(function)()
    assert [registered.multiple_outputs for registered in dag.tasks.values()] == [False, True]


def test_nested_functions_and_closures(dag: Dag) -> None:
    """A task that is defined in the body of a Dag's function sees the names around it."""
    env, scale = TaskEnvironment(), 3

    @dag
    def body(limit: int = 2) -> None:
        @task
        def read(rows: list[Row]) -> int:
            return scale * len(rows)

        class Row(TypedDict):
            amount: int

        read([{"amount": limit}])

    body()
    assert env.run(dag.tasks["read"]).raise_for_state().value == 3


def test_resumption(dag: Dag) -> None:
    """A function in which a task resumes works for all of its tasks, whether it is registered before or after."""
    env = TaskEnvironment()

    @task
    def wait() -> None:
        raise TaskDeferred("package.Trigger", {}, resume=arrived)

    @task
    def again(event: object = None) -> object:
        if event is None:
            raise TaskDeferred("package.Trigger", {}, resume=again)
        return event

    with dag:
        wait()
        again.override(task_id="other")()

    @wait.resume
    def arrived(event: object) -> object:
        return event

    with dag:
        wait()
    for task_id in ("wait", "wait__1", "other"):
        deferred = env.run(dag.tasks[task_id])
        assert deferred.state == "deferred"
        assert env.resume(deferred, event={"n": 3}).raise_for_state().value == {"n": 3}
    with pytest.raises(RegistrationError, match=r"two functions named 'arrived' to resume in: rename one"):
        wait.resume(arrived)


def test_output(dag: Dag) -> None:
    """`Task.output` is the task's return value."""
    registered = dag.task(task_id="extract")(extract.function)
    with dag:
        add(registered.output)
    assert edges(dag) == {"extract": ["add"]}


def test_pickling() -> None:
    """A function at module level is pickled by its name."""
    assert pickle.loads(pickle.dumps(extract)) is extract  # noqa: S301 - our own pickle
    assert (extract.__name__, extract.__doc__, extract.__module__) == ("extract", "Read the rows.", __name__)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (task(len), "<built-in function len> is not a function: register a function defined with `def`"),
        (lambda: task("extract"), r"@task got 'extract': write @task\(task_id='extract'\)"),  # type: ignore[call-overload]
        (lambda: task.branch("a"), r"@task.branch got 'a': write @task.branch\(task_id='a'\)"),  # type: ignore[call-overload]
        (lambda: add.partial(scale=1).partial(scale=2), "gets 'scale' from partial"),
        (task(task_id=3)(extract), "a task_id is a str, not 3"),  # type: ignore[call-overload]
        (task(task_id="a b")(extract), "Airflow refuses the task_id 'a b'"),
        (task(retry=3)(extract), "task 'extract' has no option 'retry'"),  # type: ignore[call-overload]
        (add, r"Task\('sales', 'add'\) needs an argument 'rows'"),
        (lambda: add.partial(scale=1).expand(scale=[1]), "gets 'scale' from both"),
    ],
)
def test_errors(dag: Dag, call: Callable[[], Any], message: str) -> None:
    """Mistakes are errors that say what to write instead."""
    with dag, pytest.raises(RegistrationError, match=message):
        call()


def test_mapping_outside_of_blocks() -> None:
    """`expand` needs a Dag."""
    with pytest.raises(RegistrationError, match=r"TaskFunction\('extract'\).expand\(\) is outside of the block"):
        extract.expand(rows=[1])


def test_what_airflow_has_and_dagfloe_has_not() -> None:
    """The error names what to write instead."""
    missing: Any = extract
    with pytest.raises(AttributeError, match="has no attribute 'expand_kwargs': return one list"):
        missing.expand_kwargs([{}])
    with pytest.raises(AttributeError, match=r"'TaskFunction' object has no attribute 'x'$"):
        missing.x()


def test_injected_parameters(dag: Dag) -> None:
    """Client, Context and loggers are passed as to other tasks."""
    env = TaskEnvironment()
    env.variables["limit"] = "3"

    @task
    def read(client: Client, name: str) -> object:
        return client.get_variable(name)

    with dag:
        read("limit")
    assert env.run(dag.tasks["read"]).raise_for_state().value == "3"
