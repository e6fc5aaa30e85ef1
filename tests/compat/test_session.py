"""Tasks that use Airflow's names: arguments from the context, and exceptions as outcomes."""

from __future__ import annotations

import importlib

import pytest

from compat.run import run


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
    with pytest.raises(RuntimeError, match="outside a running task: call it in the task's function"):
        sdk.get_current_context()
    with pytest.raises(RuntimeError, match=r"Variable\.get was called outside"):
        sdk.Variable.get("x")
