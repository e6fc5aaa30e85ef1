"""Dags that are written as functions: when their bodies run, and what becomes a param."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe import Bundle, Client, Param
from dagfloe.authoring.references import DagParam, XComArg
from dagfloe.errors import RegistrationError
from dagfloe.testing import TaskEnvironment


def noop(value: object = None) -> object:
    """Return the argument."""
    return value


def described() -> None:
    """Load the orders.

    code:
        more
    """


def test_the_body_runs_at_the_call() -> None:
    """The body runs at the call of the function, inside a block of the Dag, and only once."""
    bundle, runs = Bundle(), []
    dag = bundle.dag("sales", schedule="@daily")
    task = dag.task(task_id="extract")(noop)

    @dag
    def sales() -> None:
        runs.append(task())

    assert runs == []
    assert sales() is dag
    assert sales() is dag
    assert bundle.dags == {"sales": dag}
    assert [type(run) for run in runs] == [XComArg]
    assert task.arguments == {}
    assert not dag.is_wiring


@pytest.mark.parametrize("read", [lambda bundle: bundle.dags, lambda bundle: bundle.find("sales", "extract")])
def test_a_function_that_is_never_called(read: Any) -> None:
    """The body runs when the bundle is read, once, even if it reads the bundle itself."""
    bundle, runs = Bundle(), []

    @bundle.dag(schedule="@daily")
    def sales(limit: int = 3) -> None:
        runs.append(limit)
        assert list(bundle.dags) == ["sales"]

    read(bundle)
    read(bundle)
    assert repr(runs) == "[DagParam('limit')]"
    assert bundle.dags["sales"].declared == {"schedule": "@daily", "params": {"limit": 3}}


def test_a_function_that_needs_arguments_and_is_never_called() -> None:
    """The error names the function and its parameter."""
    bundle = Bundle()

    @bundle.dag()
    def sales(limit: int) -> None:
        """Do nothing."""

    with pytest.raises(RegistrationError, match=r"DagFunction\('sales'\) is never called, and its parameter 'limit'"):
        assert bundle.dags
    sales(3)
    assert bundle.dags["sales"].default_params == {"limit": 3}


def test_a_body_that_fails_fails_again() -> None:
    """Reading the bundle again after an error shows the error again."""
    bundle = Bundle()

    @bundle.dag
    def sales() -> None:
        raise ValueError("no such table")

    for _ in range(2):
        with pytest.raises(ValueError, match="no such table"):
            assert bundle.dags


def test_the_name_is_the_default_dag_id() -> None:
    """`@bundle.dag`, `@bundle.dag()` and one decorator for several functions take the functions' names."""
    bundle = Bundle()
    nightly = bundle.dag(schedule="@daily")

    @nightly
    def first() -> None: ...

    @nightly
    def second() -> None: ...

    @bundle.dag
    def third() -> None: ...

    bundle.dag(dag_id="fourth", tags=["a"])(third.__wrapped__)  # type: ignore[attr-defined]
    assert {dag_id: dag.declared for dag_id, dag in bundle.dags.items()} == {
        "first": {"schedule": "@daily"},
        "second": {"schedule": "@daily"},
        "third": {},
        "fourth": {"tags": ["a"]},
    }
    assert (first.__name__, repr(first)) == ("first", "DagFunction('first')")


def test_params() -> None:
    """Defaults and arguments are params, over the declared ones; the body gets placeholders for them."""
    bundle, seen = Bundle(), dict[str, Any]()

    @bundle.dag("sales", params={"limit": 1, "other": 2})
    def sales(table: str, limit: int = 3, *, day: str | None = None) -> None:
        seen.update(table=table, limit=limit, day=day)

    sales("orders", day="monday")
    assert bundle.dags["sales"].default_params == {"limit": 3, "other": 2, "table": "orders", "day": "monday"}
    assert {name: (type(value), value.name) for name, value in seen.items()} == {
        name: (DagParam, name) for name in ("table", "limit", "day")
    }
    assert sales("orders", day="monday") is sales("orders", 3, day="monday")
    with pytest.raises(RegistrationError, match="was called before with other arguments"):
        sales("customers")


def test_docstring() -> None:
    """The docstring is the Dag's documentation, without its indentation, unless the author passes another one."""
    bundle = Bundle()
    bundle.dag()(described)
    bundle.dag("own", doc_md="Mine.")(described)
    assert bundle.dags["described"].declared == {"doc_md": "Load the orders.\n\ncode:\n    more"}
    assert bundle.dags["own"].declared == {"doc_md": "Mine."}


def takes_client(client: Client) -> None: ...
def takes_all(*rows: object) -> None: ...
def takes_names(**rows: object) -> None: ...
def takes_position(row: object, /) -> None: ...


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (lambda bundle: bundle.dag("d")(takes_client), "the parameter 'client' of takes_client .* cannot be a param"),
        (lambda bundle: bundle.dag("d")(takes_all), "the parameter 'rows' of takes_all .* cannot be a param"),
        (lambda bundle: bundle.dag("d")(takes_names), "'rows' of takes_names"),
        (lambda bundle: bundle.dag("d")(takes_position), "'row' of takes_position"),
        (lambda bundle: bundle.dag()("sales"), "decorates 'sales': write it above a function"),
        (lambda bundle: bundle.dag(limit=3)(noop), "Dag 'noop' has no option 'limit'"),
        (lambda bundle: bundle.dag("d")(noop)(1, 2), r"DagFunction\('d'\) got 2 arguments by position"),
        (lambda bundle: bundle.dag("d")(noop)(object()), "the params of Dag 'd' is"),
        (lambda bundle: (bundle.dag("noop"), bundle.dag()(noop)), "two Dags with the dag_id 'noop'"),
    ],
)
def test_errors(decorate: Any, message: str) -> None:
    """Functions that cannot declare a Dag are errors."""
    with pytest.raises(RegistrationError, match=message):
        decorate(Bundle())


def test_one_function_for_a_dag() -> None:
    """A second function for a Dag is an error."""
    dag = Bundle().dag("sales")
    dag(noop)
    with pytest.raises(RegistrationError, match=r"already has the function DagFunction\('sales'\)"):
        dag(noop)


def test_a_dag_without_an_id_and_without_a_function() -> None:
    """`bundle.dag()` that decorates nothing is an error where it is used, or else where the bundle is read."""
    bundle = Bundle()
    unnamed: Any = bundle.dag(schedule="@daily")
    advice = "got no dag_id and decorates no function"
    with pytest.raises(RegistrationError, match=advice), unnamed:
        pass  # pragma: no cover
    with pytest.raises(AttributeError, match=advice):
        unnamed.task(noop)
    with pytest.raises(RegistrationError, match=advice):
        assert bundle.dags


def test_placeholders_have_no_value() -> None:
    """A param cannot decide anything while the Dag is declared, and cannot leave the block."""
    bundle = Bundle()
    dag = bundle.dag("sales")
    task = dag.task(task_id="extract")(noop)
    with pytest.raises(RegistrationError, match=r"DagParam\('limit'\) has no value before the task runs"):
        dag(lambda limit=3: bool(limit))()
    dag = Bundle().dag("sales")
    task = dag.task(task_id="extract")(noop)
    with pytest.raises(RegistrationError, match="pass it to a task, and put it into a string there"):
        dag(lambda limit=3: f"{limit} rows")()
    with pytest.raises(RegistrationError, match="outside of a `with dag:` block"):
        task(DagParam("limit"))
    with dag, pytest.raises(RegistrationError, match="in a set"):
        task({DagParam("limit")})


@pytest.mark.parametrize(("conf", "expected"), [({}, [3, 2]), ({"limit": 5}, [5, 2])])
def test_tasks_get_params(conf: dict[str, int], expected: list[int]) -> None:
    """A task gets the value of the run, also inside a list, and converted."""
    env, dag = TaskEnvironment(), Bundle().dag("sales")
    env.dag_run.conf = conf
    task = dag.task(task_id="extract")(pair)
    dag(lambda limit=3: task([limit, 2], limit))()
    assert env.run(task).raise_for_state().value == expected


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ({"limit": "x"}, "parameter 'limit' expects int and got str from param 'limit'"),
        ({}, "needs the param 'limit', which has no default and is not in the conf"),
    ],
)
def test_params_that_do_not_fit(conf: dict[str, str], message: str) -> None:
    """A value of the wrong type, and a missing value, fail the task."""
    env, dag = TaskEnvironment(), Bundle().dag("sales")
    env.dag_run.conf = conf
    task = dag.task(task_id="extract")(pair)
    with dag:
        task([], DagParam("limit"))
    result = env.run(task)
    assert result.state == "failed"
    assert message in str(result.exception)


def pair(rows: list[int], limit: int) -> list[int]:
    assert limit in rows
    return rows


def test_schemas_of_params() -> None:
    """An argument is the new default of a param of the Dag, which keeps its schema; a `Param` replaces it."""
    bundle = Bundle()
    known = {"schema": {"type": "integer"}}

    @bundle.dag(params={"limit": Param(1, type="integer"), "other": Param(2, type="integer")})
    def sales(limit: int = 3, *, day: object = Param(type="string"), other: object = Param("x")) -> None: ...

    dag = sales(limit=4)
    assert dag.default_params == {"limit": 4, "other": "x"}
    assert dag.declared["param_schemas"] == {
        "limit": known,
        "other": {"schema": {}},
        "day": {"schema": {"type": "string"}},
    }

    @bundle.dag(dag_id="plain", params={"limit": Param(1, type="integer")})
    def plain(other: int = 3) -> None: ...

    assert plain().declared["param_schemas"] == {"limit": known}
    assert plain().default_params == {"limit": 1, "other": 3}
