"""Tests of what a test fills into an environment, and of calls without a running task."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dagfloe.testing
from dagfloe import (
    Asset,
    Bundle,
    Client,
    Connection,
    Context,
    DagfloeError,
    PermissionDenied,
    ValueNotSerializableError,
    VariableNotFound,
)
from dagfloe.testing import DagRunRecord, MisuseError, TaskEnvironment

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe import Dag

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)


# Contents


def test_declared_assets(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Assets that a task declares with name and URI exist, as Airflow knows them from its Dag."""
    raw = Asset("raw", "s3://raw", extra={"owner": "data"})

    @dag.task(inlets=[raw], outlets=[Asset.ref(name="other")])
    def read_assets(client: Client) -> list[Any]:
        return [client.assets.get(name="raw").extra, client.asset_state_store[raw].get("k", None)]

    assert dagfloe_env.run(read_assets).raise_for_state().value == [{"owner": "data"}, None]


def test_dag_run(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """The task sees the Dag run of the test; the data interval and `run_after` default to the logical date."""
    contexts: list[Context] = []

    @dag.task
    def read_context(context: Context) -> None:
        contexts.append(context)

    dagfloe_env.run(read_context, try_number=2, max_tries=4, map_index=3)
    run = dagfloe_env.dag_run
    run.run_id, run.run_type, run.logical_date, run.note = "scheduled__1", "scheduled", NOON, "note"
    run.conf = {"day": 1}
    run.data_interval_end = NOON + timedelta(days=1)
    dagfloe_env.run(read_context)
    run.logical_date = run.data_interval_end = None
    dagfloe_env.run(read_context)
    first, second, third = contexts
    assert (first.run_id, first.try_number, first.max_tries, first.map_index) == (
        "manual__2026-01-01T00:00:00+00:00",
        2,
        4,
        3,
    )
    assert (second.run_id, second.dag_run.run_type, second.dag_run.conf) == ("scheduled__1", "scheduled", {"day": 1})
    assert (second.logical_date, second.dag_run.data_interval_start, second.dag_run.run_after) == (NOON, NOON, NOON)
    assert (second.dag_run.data_interval_end, second.dag_run.note) == (NOON + timedelta(days=1), "note")
    assert (third.logical_date, third.dag_run.data_interval_end) == (None, None)
    assert third.dag_run.run_after is not None


def test_history(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Tasks see the run, its earlier tasks, other runs that the test adds, and states of earlier tries."""

    @dag.task
    def first(client: Client) -> None:
        if client.task_state_store.get("seen", default=0) == 0:
            client.task_state_store.set("seen", 1)
            raise OSError("busy")

    @dag.task
    def second(client: Client, context: Context) -> list[Any]:
        previous = client.dag_runs.previous()
        states = client.task_instances.states()[context.run_id]
        return [client.dag_runs.state(), previous and previous.run_id, states, client.dag_runs.get().conf]

    earlier = NOON - timedelta(days=1)
    dagfloe_env.dag_run.logical_date = NOON
    dagfloe_env.dag_run.conf["n"] = 1
    record = DagRunRecord(dag_id="d", run_id="earlier", run_after=earlier, logical_date=earlier, state="success")
    dagfloe_env.store.save_run(record)
    assert [result.state for result in dagfloe_env.run(first, retries=2).tries] == ["up_for_retry", "success"]
    states = {"first": "success", "second": "running"}
    assert dagfloe_env.run(second).raise_for_state().value == ["running", "earlier", states, {"n": 1}]


def test_variables() -> None:
    """Variables are strings; other values become JSON."""
    env = TaskEnvironment()
    env.variables.update(text="x", number=5, nothing=None, rows=[{"a": 1}])
    client = env.client()
    assert client.get_variable("text") == "x"
    assert client.get_variable("rows", deserialize_json=True) == [{"a": 1}]
    client.set_variable("written", "y")
    client.delete_variable("number")
    assert dict(env.variables) == {"text": "x", "nothing": None, "rows": '[{"a": 1}]', "written": "y"}
    assert len(env.variables) == 4
    del env.variables["text"]
    with pytest.raises(VariableNotFound):
        client.get_variable("text")


def test_connections() -> None:
    """A connection is set as a URI, as JSON, as fields or as a `Connection`."""
    env = TaskEnvironment()
    env.connections["uri"] = "http://ann:pw1234@host:80/x"
    env.connections["json"] = '{"conn_type": "http", "host": "host"}'
    env.connections["fields"] = {"conn_type": "http", "port": 80, "extra": {"a": 1}}
    env.connections["own"] = Connection("own", "sqlite", host="file")
    client = env.client()
    assert client.get_connection("uri").login == "ann"
    assert client.get_connection("json").host == "host"
    assert client.get_connection("fields").extra == {"a": 1}
    assert client.get_connection("own") == env.connections["own"]
    assert sorted(env.connections) == ["fields", "json", "own", "uri"]
    del env.connections["uri"]
    assert len(env.connections) == 3
    with pytest.raises(MisuseError, match="'own' cannot be set as 'other'"):
        env.connections["other"] = Connection("own", "sqlite")
    with pytest.raises(DagfloeError, match="malformed") as error:
        env.connections["bad"] = "hunter2"
    assert "hunter2" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.dates() | st.just((1, 2)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_xcom_values(value: Any) -> None:
    """A task reads the value that the test sets, dates and tuples included."""
    env = TaskEnvironment()
    env.xcoms["up"] = value
    assert env.xcoms["up"] == value
    assert env.client().get_xcom("up", default=None) == value


def test_values_that_json_lacks(dagfloe_env: TaskEnvironment) -> None:
    """A result has the values as other tasks read them."""
    dag = Bundle().dag("d")
    at = NOON

    @dag.task
    def moments(client: Client) -> tuple[object, ...]:
        client.set_xcom("at", at)
        return at, {1}, Decimal("1.50"), b"ab"

    result = dagfloe_env.run(moments).raise_for_state()
    assert result.value == (at, {1}, Decimal("1.50"), "YWI=")
    assert result.xcoms["at"] == dagfloe_env.xcoms["moments", "at"] == at


def test_xcom_keys() -> None:
    """XComs have a key and a map index; the mapping follows what a client writes and what a test deletes."""
    env = TaskEnvironment()
    env.xcoms["up", "key"] = 1
    env.xcoms["up", "key", 4] = 2
    client = env.client()
    assert (client.get_xcom("up", "key"), client.get_xcom("up", "key", map_index=4)) == (1, 2)
    client.set_xcom("mine", 3)
    assert env.xcoms["task", "mine"] == 3
    assert set(env.xcoms) == {("up", "key", -1), ("up", "key", 4), ("task", "mine", -1)}
    del env.xcoms["up", "key"]
    assert len(env.xcoms) == 2
    assert env.client().get_xcom("up", "key", default="none") == "none"
    assert "3" not in repr(env.xcoms)
    with pytest.raises(KeyError):
        env.xcoms["none"]


# Calls without a running task


def test_direct_calls(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """A test calls a task's function with a client and a context of the environment."""

    @dag.task
    def load(rows: list[int], client: Client, context: Context, log: logging.Logger) -> int:
        client.set_xcom("try", context.try_number)
        log.info("loading")
        return len(rows)

    client, context = dagfloe_env.client(load, try_number=2), dagfloe_env.context(load, try_number=2)
    assert load([1, 2], client, context, logging.getLogger("test")) == 2
    assert dagfloe_env.xcoms["load", "try"] == 2
    assert (context.dag_id, context.task_id, context.try_number, context.cancelled) == ("d", "load", 2, False)
    assert [body["type"] for body in dagfloe_env.requests] == ["SetXCom"]
    dagfloe_env.errors["SetXCom"] = "PERMISSION_DENIED"
    with pytest.raises(PermissionDenied):
        client.set_xcom("x", 1)


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "t"}, "'t' is not a registered task"),
        ({"over": "carrier pigeon"}, "memory or sockets"),
        ({"over": "sockets", "file": "x"}, "leave `over` out"),
        ({"dag_id": "d"}, "knows its Dag"),
        ({"task": "t", "file": __file__}, r"cannot be read from the file: .*test_environment.py: not a bundle file"),
        ({"task": "t", "file": "no/such/file"}, "cannot be read from the file: (.*)no/such/file: No such file"),
    ],
)
def test_misuse(dagfloe_env: TaskEnvironment, dag: Dag, arguments: dict[str, Any], message: str) -> None:
    """The error for impossible arguments has the reason."""
    task = dag.task(task_id="t")(lambda: 1)
    with pytest.raises(MisuseError, match=message):
        dagfloe_env.run(**{"task": task, **arguments})


def test_invalid_values(dagfloe_env: TaskEnvironment, dag: Dag) -> None:
    """Values that Airflow cannot have raise an error when they are set, or when a task runs with them."""
    task = dag.task(task_id="t")(lambda: 1)
    noon = NOON.replace(tzinfo=None)
    for invalid in (object(), {1, 2}):
        with pytest.raises(ValueNotSerializableError):
            dagfloe_env.variables["x"] = invalid
        with pytest.raises(ValueNotSerializableError):
            dagfloe_env.connections["x"] = {"conn_type": "http", "extra": {"x": invalid}}
        with pytest.raises(ValueNotSerializableError):
            dagfloe_env.run(task, arguments={"x": invalid})
    with pytest.raises(MisuseError, match="is not the key of an XCom"):
        dagfloe_env.xcoms["a", "b", 1, 2] = 1
    with pytest.raises(MisuseError, match="not a regular expression"):
        dagfloe_env.run(task, stop_at="(")
    dagfloe_env.dag_run.conf["x"] = object()
    with pytest.raises(ValueNotSerializableError):
        dagfloe_env.run(task)
    dagfloe_env.dag_run.conf.clear()
    dagfloe_env.now = noon
    with pytest.raises(MisuseError, match="now has no time zone"):
        dagfloe_env.run(task)
    dagfloe_env.now, dagfloe_env.dag_run.logical_date = None, noon
    with pytest.raises(MisuseError, match="logical_date has no time zone"):
        dagfloe_env.run(task)


def test_file_that_does_not_start(dagfloe_env: TaskEnvironment, dag: Dag, tmp_path: Path) -> None:
    """A file that ends before it connects is a failed task; the error has its output."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho sorry\nexit 3\n")
    program.chmod(0o755)
    result = dagfloe_env.run(dag.task(task_id="t")(lambda: 1), file=program)
    assert result.state == "failed"
    with pytest.raises(AssertionError, match=r"(?s)status 3, before it had connected.*sorry"):
        result.raise_for_state()


def test_mappings_of_a_new_environment() -> None:
    """A new environment has no variables and connections, and a deletion of one that is missing raises a KeyError."""
    env = TaskEnvironment()
    for mapping in (env.variables, env.connections):
        assert len(mapping) == 0
        with pytest.raises(KeyError, match="nothing"):
            del mapping["nothing"]


def test_unknown_name_of_the_package() -> None:
    """The package has no names but its own, as any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Environment'"):
        dagfloe.testing.Environment  # noqa: B018
