"""The typed exceptions for the supervisor's errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.call_errors import (
    ApiServerError,
    AssetNotFound,
    AssetStateNotFound,
    ConnectionNotFound,
    DagRunAlreadyExists,
    PermissionDenied,
    TaskStateNotFound,
    VariableNotFound,
    XComNotFound,
)
from dagfloe.client.error_replies import error_from_reply
from dagfloe.errors import SupervisorError
from support.strategies import SCHEMA, json_values, text

KINDS = {
    "CONNECTION_NOT_FOUND": ConnectionNotFound,
    "VARIABLE_NOT_FOUND": VariableNotFound,
    "XCOM_NOT_FOUND": XComNotFound,
    "ASSET_NOT_FOUND": AssetNotFound,
    "TASK_STORE_NOT_FOUND": TaskStateNotFound,
    "ASSET_STORE_NOT_FOUND": AssetStateNotFound,
    "DAGRUN_ALREADY_EXISTS": DagRunAlreadyExists,
    "PERMISSION_DENIED": PermissionDenied,
    "GENERIC_ERROR": SupervisorError,
    "API_SERVER_ERROR": ApiServerError,
}


@pytest.mark.parametrize("code", SCHEMA["$defs"]["ErrorType"]["enum"])
def test_codes(code: str) -> None:
    """Every code of the schema has its exception class, with the code and the detail."""
    error = error_from_reply({"type": "GetVariable", "key": "k"}, {"error": code, "detail": {"status_code": 404}})
    assert type(error) is KINDS[code]
    assert (error.code, error.detail) == (code, {"status_code": 404})
    assert code in str(error)
    assert "HTTP status 404" in str(error)


@pytest.mark.parametrize("code", ["SOMETHING_NEW", None, 3, ["x"]])
def test_unknown_codes(code: object) -> None:
    """An unknown or missing code is a SupervisorError."""
    error = error_from_reply({"type": "GetVariable", "key": "k"}, {"error": code})
    assert type(error) is SupervisorError
    assert error.code == (code if isinstance(code, str) else "GENERIC_ERROR")
    assert error.detail == {}


@pytest.mark.parametrize(
    ("request_body", "code", "message"),
    [
        ({"type": "GetVariable", "key": "limit"}, "VARIABLE_NOT_FOUND",
         "variable 'limit' does not exist: create it in Airflow, or pass a default (VARIABLE_NOT_FOUND)"),
        ({"type": "GetConnection", "conn_id": "db"}, "CONNECTION_NOT_FOUND",
         "connection 'db' does not exist: create it in Airflow (CONNECTION_NOT_FOUND)"),
        ({"type": "GetXCom", "key": "return_value", "task_id": "extract"}, "XCOM_NOT_FOUND",
         ("XCom 'return_value' of task 'extract' does not exist: check that the task pushes it in this run, "
          "or pass a default (XCOM_NOT_FOUND)")),
        ({"type": "PutVariable", "key": "limit", "value": "hunter2"}, "PERMISSION_DENIED",
         "PutVariable: variable 'limit' is not allowed for this task (PERMISSION_DENIED)"),
        ({"type": "SucceedTask"}, "API_SERVER_ERROR",
         "SucceedTask failed in the API server or on the way to it (API_SERVER_ERROR)"),
    ],
)  # fmt: skip
def test_messages(request_body: dict[str, Any], code: str, message: str) -> None:
    """The message names the object and says what to do."""
    assert str(error_from_reply(request_body, {"error": code, "detail": None})) == message


def test_details_in_the_message() -> None:
    """The message contains the server's status and the exception's type, but not its text."""
    detail = {"status_code": 503, "message": "hunter2", "exception_type": "ConnectError", "detail": {"x": "hunter2"}}
    error = error_from_reply(
        {"type": "SetXCom", "key": "k", "task_id": "t"}, {"error": "API_SERVER_ERROR", "detail": detail}
    )
    assert str(error).endswith("(API_SERVER_ERROR, HTTP status 503, ConnectError)")
    assert "hunter2" not in str(error)
    assert error.detail["message"] == "hunter2"


request_types = st.sampled_from(["GetVariable", "PutVariable", "SetXCom", "MaskSecret", "GetConnection"])


@given(request_types, text, json_values, st.dictionaries(text, json_values), json_values)
def test_values_are_never_in_the_message(
    kind: str, key: str, value: object, error: dict[str, Any], detail: object
) -> None:
    """With any reply there is an exception, and its message does not contain the value that was sent."""
    secret = f"K7x{value!r}"
    body = {"type": kind, "key": key, "conn_id": key, "value": secret, "description": secret}
    for reply in (error, {"error": "API_SERVER_ERROR", "detail": detail}, {"error": value, "detail": detail}):
        raised = error_from_reply(body, reply)
        assert isinstance(raised, SupervisorError)
        assert secret not in str(raised)
        assert secret not in repr(raised)
