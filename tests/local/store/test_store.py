"""Tests of the store's variables, connections, XComs and secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dagfloe import Connection
from dagfloe.local.store.store import Store, XComKey
from support.store_requests import TASK, answer, ask, refused

XCOM: dict[str, Any] = {"key": "k", "dag_id": "d", "run_id": "r", "task_id": "t"}


def test_variables() -> None:
    """A variable is written, read, listed and deleted; a missing one is an error in the body."""
    store = Store()
    assert ask(store, "PutVariable", key="b", value="1", description=None) == (None, None)
    store.set_variable("a", None)
    assert answer(store, "GetVariable", key="b") == {"type": "VariableResult", "key": "b", "value": "1"}
    assert answer(store, "GetVariableKeys") == {"type": "VariableKeysResult", "keys": ["a", "b"], "total_entries": 2}
    assert answer(store, "GetVariableKeys", limit=1, offset=1)["keys"] == ["b"]
    assert answer(store, "GetVariableKeys", prefix="a")["total_entries"] == 1
    assert answer(store, "DeleteVariable", key="b") == {"type": "OKResponse", "ok": True}
    assert answer(store, "DeleteVariable", key="b")["ok"] is True
    missing = {"type": "ErrorResponse", "error": "VARIABLE_NOT_FOUND", "detail": {"key": "b"}}
    assert ask(store, "GetVariable", key="b") == (missing, None)


@pytest.mark.parametrize("fields", [{"limit": 0}, {"limit": 10_001}, {"offset": -1}], ids=str)
def test_page_out_of_range(fields: dict[str, Any]) -> None:
    """The API server refuses impossible pages, which is an error in the third element."""
    assert refused(Store(), "GetVariableKeys", **fields)["status_code"] == 422


def test_connections() -> None:
    """A connection has all its fields, null or empty if they are not set; a missing one is an error in the body."""
    store = Store()
    store.add_connection(Connection.from_uri("c", "http://:hunter2@h/?token=abcdef&x=shown"))
    assert answer(store, "GetConnection", conn_id="c") == {
        "type": "ConnectionResult",
        "conn_id": "c",
        "conn_type": "http",
        "host": "h",
        "schema": "",
        "login": "",
        "password": "hunter2",
        "port": None,
        "extra": '{"token": "abcdef", "x": "shown"}',
    }
    assert store.mask("hunter2 abcdef shown") == "*** *** shown"
    assert answer(store, "GetConnection", conn_id="x")["error"] == "CONNECTION_NOT_FOUND"


def test_null_variable() -> None:
    """A variable that is set to null reads as the string "None", as in Airflow."""
    store = Store()
    ask(store, "PutVariable", key="k", value=None, description=None)
    assert answer(store, "GetVariable", key="k")["value"] == "None"


def test_environment() -> None:
    """A lookup finds the environment in any case, after the store's own; it is not listed, and cannot be deleted."""
    store = Store()
    store.add_environment({"API_KEY": "hunter2"}, {"DB": Connection.from_uri("DB", "http://:hunter3@h")})
    assert store.mask("hunter2 hunter3") == "*** ***"
    ask(store, "DeleteVariable", key="api_key")
    assert answer(store, "GetVariable", key="Api_Key") == {
        "type": "VariableResult",
        "key": "Api_Key",
        "value": "hunter2",
    }
    assert answer(store, "GetConnection", conn_id="db")["conn_id"] == "db"
    assert answer(store, "GetVariableKeys")["keys"] == []
    store.set_variable("api_key", "own")
    store.add_connection(Connection("db", "ftp"))
    assert answer(store, "GetVariable", key="api_key")["value"] == "own"
    assert answer(store, "GetConnection", conn_id="db")["conn_type"] == "ftp"


def test_xcoms() -> None:
    """An XCom belongs to its task instance; a missing or negative map index is -1; a missing XCom is null."""
    store = Store()
    assert answer(store, "GetXCom", **XCOM) == {"type": "XComResult", "key": "k", "value": None}
    assert ask(store, "SetXCom", **XCOM, value=[1], map_index=-5) == (None, None)
    assert ask(store, "SetXCom", **XCOM, value=2, map_index=3) == (None, None)
    assert answer(store, "GetXCom", **XCOM)["value"] == [1]
    assert answer(store, "GetXCom", **XCOM, map_index=3)["value"] == 2
    assert answer(store, "GetXCom", **{**XCOM, "task_id": "other"})["value"] is None
    assert ask(store, "DeleteXCom", **XCOM, map_index=-1) == (None, None)
    assert answer(store, "GetXCom", **XCOM)["value"] is None


def test_unknown_run() -> None:
    """An XCom cannot be written in an unknown Dag run, but it can be read there."""
    store, unknown_run = Store(), {**XCOM, "run_id": "x"}
    assert refused(store, "SetXCom", **unknown_run, value=1)["status_code"] == 404
    assert answer(store, "GetXCom", **unknown_run)["value"] is None


def test_prior_dates() -> None:
    """With `include_prior_dates`, the last value of any run counts if this run has none."""
    store = Store()
    for run_id, value in (("1", "a"), ("2", "b"), ("1", "c")):
        store.set_xcom(XComKey("d", run_id, "t", -1, "k"), value)
    assert answer(store, "GetXCom", **XCOM, include_prior_dates=True)["value"] == "c"
    assert answer(store, "GetXCom", **{**XCOM, "run_id": "2"}, include_prior_dates=True)["value"] == "b"
    assert answer(store, "GetXCom", **XCOM)["value"] is None


def test_not_finite() -> None:
    """A float without a JSON form fails on the way to the API server."""
    detail = refused(Store(), "SetXCom", **XCOM, value={"a": [float("nan")]})
    assert (detail["status_code"], detail["exception_type"]) == (None, "ValueError")


@pytest.mark.parametrize(
    ("fields", "masked"),
    [
        ({"value": "hunter2"}, True),
        ({"value": ["hunter2"]}, True),
        ({"value": "hunter2", "name": "password"}, True),
        ({"value": "hunter2", "name": "colour"}, False),
        ({"value": {"token": "hunter2"}}, True),
        ({"value": {"colour": "hunter2"}}, False),
        ({"value": 5}, False),
    ],
    ids=str,
)
def test_mask_secret(fields: dict[str, Any], masked: bool) -> None:
    """A secret is masked, unless its name is not that of a secret, as in Airflow."""
    store = Store()
    assert ask(store, "MaskSecret", **fields) == (None, None)
    assert (store.mask("hunter2") == "***") is masked


def test_sensitive_variable() -> None:
    """The value of a variable is masked if its key is that of a secret."""
    store = Store()
    store.set_variable("api_key", "hunter2")
    store.set_variable("colour", "green")
    assert store.mask("hunter2 green") == "*** green"


def test_rendered() -> None:
    """The store has the rendered fields and the rendered map index of a task instance."""
    store = Store()
    assert ask(store, "SetRenderedFields", rendered_fields={"a": 1}) == (None, None)
    assert ask(store, "SetRenderedFields", rendered_fields={"b": 2}) == (None, None)
    assert ask(store, "SetRenderedMapIndex", rendered_map_index="one") == (None, None)
    assert refused(store, "SetRenderedMapIndex", rendered_map_index="")["status_code"] == 422
    assert store.rendered_fields[TASK.ti_id] == {"a": 1, "b": 2}
    assert store.rendered_map_indexes[TASK.ti_id] == "one"


def test_unhandled_request() -> None:
    """A request that the supervisor does not handle gets its error, in the third element."""
    detail = {"status_code": 400, "message": "Unhandled request"}
    error = {"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": detail}
    assert ask(Store(), "GetHITLDetailResponse", ti_id=TASK.ti_id) == (None, error)


def test_repr() -> None:
    """A store's repr shows numbers, and no values."""
    store = Store()
    store.set_variable("a", "hunter2")
    assert repr(store) == "Store(1 variables, 0 connections, 0 XComs)"


def test_strings_inside_a_secret_variable() -> None:
    """The strings inside the JSON of a secret variable are masked, whoever sets it; those of another one are not."""
    store = Store()
    store.set_variable("db_password", json.dumps({"user": ["hunter2"]}))
    store.add_environment({"API_TOKEN": json.dumps(["abcdef"])}, {})
    store.set_variable("colours", json.dumps(["green"]))
    store.set_variable("odd_secret", "[" * 20_000)
    assert store.mask("hunter2 abcdef green") == "*** *** green"
