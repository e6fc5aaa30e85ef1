"""What the supervisor answers, in its two forms of errors. Pure."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.local.task_run import TaskRun

    #: Answers one type of request.
    Serve = Callable[[Mapping[str, Any], TaskRun], "Reply"]


class Reply(NamedTuple):
    """What goes back for a request: a body, or an error in the frame's third element, or neither."""

    body: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class Refused(Exception):
    """A failure of the API server or of the supervisor, which is the frame's third element."""

    def __init__(self, detail: dict[str, Any]) -> None:
        self.reply = Reply(None, {"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": detail})


def done() -> Reply:
    """It is done, and there is nothing more to say."""
    return Reply({"type": "OKResponse", "ok": True})


def lookup_error(code: str, detail: dict[str, Any] | None) -> Reply:
    """A failed lookup, which is a body."""
    return Reply({"type": "ErrorResponse", "error": code, "detail": detail})


def refused(status: int, reason: str, message: str) -> Refused:
    """What the API server refuses with a reason."""
    detail = {"detail": {"reason": reason, "message": message}}
    return Refused({"status_code": status, "message": "Server returned error", "detail": detail})


def refused_text(status: int, message: str) -> Refused:
    """What the API server refuses with a text alone."""
    return Refused({"status_code": status, "message": message, "detail": {"detail": message}})


def invalid(where: str, name: str, message: str) -> Refused:
    """What the API server finds no valid value.

    Args:
        where: the part of the HTTP request, `path`, `query` or `body`.
        name: the field.
        message: what is the matter; it shows no value.
    """
    problem = {"type": "value_error", "loc": [where, name], "msg": message}
    return Refused(
        {"status_code": 422, "message": "Remote server returned validation error", "detail": {"detail": [problem]}}
    )


def failed(exception_type: str, message: str) -> Refused:
    """What fails in the supervisor, before the API server hears of it."""
    return Refused({"status_code": None, "message": message, "exception_type": exception_type})


def key_of(body: Mapping[str, Any], where: str = "path") -> str:
    """The key of a variable, an XCom or a state that a request names; the API server refuses an empty one.

    Args:
        body: the request.
        where: the part of the HTTP request that it is in.
    """
    key: str = body["key"]
    if not key:
        raise invalid(where, "key", "expected a text that is not empty")
    return key


def check_own(body: Mapping[str, Any], task: TaskRun) -> None:
    """Refuse a request about another task instance: a task's token opens its own ones only."""
    if uuid.UUID(body["ti_id"]) != uuid.UUID(task.ti_id):
        raise refused_text(403, "The token is that of another task instance")
