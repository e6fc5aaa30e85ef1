"""Tasks that use Airflow's names: arguments from the context, and exceptions as outcomes."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

import pytest

from compat.run import run
from dagfloe import Bundle
from dagfloe.runtime.declared_arguments import check_arguments
from dagfloe.runtime.handlers import declare_dag
from dagfloe.testing import TaskEnvironment

if TYPE_CHECKING:
    from pathlib import Path


def test_parameters_named_after_context_keys() -> None:
    """They get the context's values, with a default or without, and `**context` gets all others."""

    def extract(run_id, ds=None, **context):  # type: ignore[no-untyped-def]
        return [run_id, ds, context["dag_run"].run_id, "ds" in context, context["ti"].task_id]

    result = run(extract)
    assert result.value[0] == result.value[2] == result.run.run_id
    assert result.value[1:2] + result.value[3:] == [f"{result.run.logical_date:%Y-%m-%d}", False, "extract"]


def test_an_argument_wins() -> None:
    """A value that a call passes is the value of the parameter, and of `**`."""

    def load(ds, **context):  # type: ignore[no-untyped-def]
        return [ds, context["run_id"]]

    assert run(load, arguments={"ds": "today", "run_id": "mine"}).value == ["today", "mine"]


def test_annotations_do_not_convert_the_context() -> None:
    """An annotation of Airflow's own types, or any other, leaves the value as it is."""

    def load(ti: int, params: list[int]) -> str:
        return type(ti).__name__ + type(params).__name__

    assert run(load).value == "RuntimeTaskInstancedict"


@pytest.mark.parametrize(
    ("name", "args", "state"),
    [
        ("AirflowSkipException", ("no rows",), "skipped"),
        ("AirflowFailException", ("bad rows",), "failed"),
        ("AirflowSensorTimeout", (), "failed"),
        ("AirflowException", ("again",), "up_for_retry"),
        ("AirflowTaskTimeout", (), "up_for_retry"),
    ],
)
def test_exceptions(name: str, args: tuple[str, ...], state: str) -> None:
    """Airflow's exceptions end a task in the states that they do in Airflow."""

    def end() -> None:
        raise getattr(importlib.import_module("airflow.exceptions"), name)(*args)

    result = run(end, max_tries=1)
    assert result.state == state
    assert not args or args[0] in result.log.text


def test_base_class_catches() -> None:
    """`except AirflowException` catches the outcomes, as in Airflow."""
    exceptions = importlib.import_module("airflow.sdk.exceptions")

    def end() -> str:
        try:
            raise exceptions.AirflowSkipException("no rows")
        except exceptions.AirflowException as error:
            return str(error)

    assert run(end).value == "no rows"


def test_outside_a_task() -> None:
    """Without a running task, the error says where to call."""
    sdk = importlib.import_module("airflow.sdk")
    with pytest.raises(RuntimeError) as caught:
        sdk.get_current_context()
    assert "was called outside a running task: call it in the task's function" in str(caught.value)
    with pytest.raises(RuntimeError, match=r"Variable\.get was called outside"):
        sdk.Variable.get("x")


def test_arguments_of_a_stub_by_position() -> None:
    """Arguments that come by position leave out the parameters named after context keys, as the stub does."""

    def load(ds, rows, ti, limit):  # type: ignore[no-untyped-def]
        return [rows, limit, ti.task_id, len(ds)]

    assert run(load, arguments={"first": 5, "second": 6}).value == [5, 6, "load", 10]


def test_declarations() -> None:
    """Parameters named after context keys are no arguments of a stub task, and a call need not pass them."""
    bundle = Bundle()
    dag = bundle.dag("etl")

    @dag.task
    def load(ds, rows, ti=None):  # type: ignore[no-untyped-def]
        return rows

    (declared,) = declare_dag(dag)
    assert [parameter["name"] for parameter in declared["params"] or ()] == ["rows"]
    with dag:
        load(rows=[1])
    assert load.arguments == {"rows": [1]}
    check_arguments(dag, is_native=True)


def test_environment_variables() -> None:
    """A task sees Airflow's variables about itself, and they are gone after it."""

    def load() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CTX_")}

    os.environ["AIRFLOW_CTX_DAG_ID"] = "before"
    try:
        value = run(load).value
        assert value["AIRFLOW_CTX_DAG_ID"] == "etl"
        assert os.environ["AIRFLOW_CTX_DAG_ID"] == "before"
    finally:
        del os.environ["AIRFLOW_CTX_DAG_ID"]
    assert "AIRFLOW_CTX_TASK_ID" not in os.environ


def test_over_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task in a process of its own has the names, too."""
    (tmp_path / "moved_tasks.py").write_text(
        "from airflow.sdk import get_current_context\nfrom dagfloe import Bundle\ndag = Bundle().dag('etl')\n"
        "@dag.task\ndef load(run_id):\n    return get_current_context()['run_id'] == run_id\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("moved_tasks")
    assert TaskEnvironment().run(module.load, over="sockets").raise_for_state().value is True
