"""Converts an `ErrorResponse` of the supervisor to a typed exception. Pure."""

from __future__ import annotations

import re

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
from dagfloe.errors import SupervisorError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: The field with the key of a request's object, and the object's name, by the request's type without its verb.
_NAMES = {
    "Variable": ("key", "variable"),
    "Connection": ("conn_id", "connection"),
    "XCom": ("key", "XCom"),
    "XComCount": ("key", "XCom"),
    "XComSequenceItem": ("key", "XCom"),
    "XComSequenceSlice": ("key", "XCom"),
    "AssetByName": ("name", "asset"),
    "AssetByUri": ("uri", "asset"),
    "AssetStateStoreByName": ("key", "asset state"),
    "AssetStateStoreByUri": ("key", "asset state"),
    "TaskStateStore": ("key", "task state"),
    "DagRun": ("run_id", "Dag run"),
    "DagRunState": ("run_id", "Dag run"),
    "Dag": ("dag_id", "Dag"),
}
_VERB = r"(Get|Put|Set|Delete|Trigger)(.+)"
_ERRORS: dict[str, tuple[type[SupervisorError], str]] = {
    "VARIABLE_NOT_FOUND": (VariableNotFound, "does not exist: create it in Airflow, or pass a default"),
    "CONNECTION_NOT_FOUND": (ConnectionNotFound, "does not exist: create it in Airflow"),
    "XCOM_NOT_FOUND": (XComNotFound, "does not exist: check that the task pushes it in this run, or pass a default"),
    "ASSET_NOT_FOUND": (AssetNotFound, "does not exist, or no Dag uses it: check its name and URI"),
    "TASK_STORE_NOT_FOUND": (TaskStateNotFound, "does not exist: pass a default if it may be missing"),
    "ASSET_STORE_NOT_FOUND": (AssetStateNotFound, "does not exist: pass a default if it may be missing"),
    "DAGRUN_ALREADY_EXISTS": (DagRunAlreadyExists, "already exists: use another run_id, or set reset_dag_run"),
    "PERMISSION_DENIED": (PermissionDenied, "is not allowed for this task"),
    "API_SERVER_ERROR": (ApiServerError, "failed in the API server or on the way to it"),
}


def error_from_reply(request: Mapping[str, object], error: Mapping[str, object]) -> SupervisorError:
    """The exception for an error that answered a request.

    The message names the request, the code and the server's status. It never contains values.

    Args:
        request: the body of the request.
        error: the `ErrorResponse`, from the body or from the third element of the frame.
    """
    code = error.get("error")
    code = code if isinstance(code, str) else "GENERIC_ERROR"
    detail = error.get("detail")
    detail = {str(key): value for key, value in detail.items()} if isinstance(detail, dict) else {}
    error_type, problem = _ERRORS.get(code, (SupervisorError, "was refused by the supervisor"))
    status = detail.get("status_code")
    facts = [code, *([f"HTTP status {status}"] if status else [])]
    exception_type = detail.get("exception_type")
    if isinstance(exception_type, str):
        facts.append(exception_type)
    return error_type(f"{_describe(request)} {problem} ({', '.join(facts)})", code, detail)


def _describe(request: Mapping[str, object]) -> str:
    name = str(request.get("type"))
    parts = re.fullmatch(_VERB, name)
    if parts is None or parts[2] not in _NAMES:
        return name
    field, noun = _NAMES[parts[2]]
    verb = "" if parts[1] == "Get" else f"{name}: "
    place = f" of task {request['task_id']!r}" if "task_id" in request else ""
    return f"{verb}{noun} {request.get(field)!r}{place}"
