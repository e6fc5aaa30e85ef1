"""The supervisor's replies, with both forms of errors. Pure."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.local.task_run import TaskRun

    #: Answers one type of request.
    Handler = Callable[[Mapping[str, Any], TaskRun], "Reply"]


class Reply(NamedTuple):
    """The reply to a request: a body, an error for the frame's third element, or neither."""

    body: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class RequestError(Exception):
    """A request that the API server or the supervisor refuses. Its reply has the error as the third element.

    Args:
        detail: the error's detail.
    """

    def __init__(self, detail: dict[str, Any]) -> None:
        self.reply = Reply(None, {"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": detail})


def ok_reply() -> Reply:
    """The reply to a request that has no result."""
    return Reply({"type": "OKResponse", "ok": True})


def not_found_reply(code: str, detail: dict[str, Any] | None) -> Reply:
    """The reply to a lookup that fails. The error is in the body.

    Args:
        code: the error code, such as `VARIABLE_NOT_FOUND`.
        detail: the error's detail.
    """
    return Reply({"type": "ErrorResponse", "error": code, "detail": detail})


def api_error(status: int, reason: str, message: str) -> RequestError:
    """An error of the API server that has a reason in addition to its message.

    Args:
        status: the HTTP status.
        reason: the reason code, such as `not_found`.
        message: the message.
    """
    detail = {"detail": {"reason": reason, "message": message}}
    return RequestError({"status_code": status, "message": "Server returned error", "detail": detail})


def plain_api_error(status: int, message: str) -> RequestError:
    """An error of the API server that has only a message.

    Args:
        status: the HTTP status.
        message: the message.
    """
    return RequestError({"status_code": status, "message": message, "detail": {"detail": message}})


def validation_error(location: str, name: str, message: str) -> RequestError:
    """A validation error of the API server.

    Args:
        location: the part of the HTTP request: `path`, `query` or `body`.
        name: the field.
        message: what is wrong with the field; without the value.
    """
    problem = {"type": "value_error", "loc": [location, name], "msg": message}
    return RequestError(
        {"status_code": 422, "message": "Remote server returned validation error", "detail": {"detail": [problem]}}
    )


def supervisor_error(exception_type: str, message: str) -> RequestError:
    """An exception in the supervisor, which then sends nothing to the API server.

    Args:
        exception_type: the class of the exception.
        message: its message.
    """
    return RequestError({"status_code": None, "message": message, "exception_type": exception_type})


def get_key(body: Mapping[str, Any], location: str = "path") -> str:
    """Return the key of a variable, an XCom or a state that a request names.

    Args:
        body: the request.
        location: the part of the HTTP request that the key is in.

    Raises:
        RequestError: if the key is empty, as from the API server.
    """
    key: str = body["key"]
    if not key:
        raise validation_error(location, "key", "expected a string that is not empty")
    return key


def check_ti_id(body: Mapping[str, Any], task: TaskRun) -> None:
    """Check that a request is about the task instance that sends it: its token is only valid for itself.

    Raises:
        RequestError: if the request names another task instance.
    """
    if uuid.UUID(body["ti_id"]) != uuid.UUID(task.ti_id):
        raise plain_api_error(403, "The token is that of another task instance")
