"""An Airflow in memory, for tests of code that sends requests: it returns replies or raises errors."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagfloe import BundleInfo, Context, DagRun, TaskInstance
from dagfloe.cancellation import Cancellation
from dagfloe.client.error_replies import error_from_reply
from dagfloe.runtime.config import SCHEMA_VERSIONS
from dagfloe.runtime.wire.requests import check_request

if TYPE_CHECKING:
    from collections.abc import Mapping


class Airflow:
    """Answers requests from its variables, connections and XComs, as the supervisor does.

    Attributes:
        requests: all requests.
        failing: error codes by request type.
        replies: the replies to other request types.
    """

    def __init__(self) -> None:
        self.reply_timeout_s = 1.0
        self.requests: list[dict[str, Any]] = []
        self.variables: dict[str, str | None] = {}
        self.connections: dict[str, dict[str, Any]] = {}
        self.xcoms: dict[tuple[str, str], Any] = {}
        self.failing: dict[str, str] = {}
        self.replies: dict[str, dict[str, Any]] = {}
        self.schema_version = list(SCHEMA_VERSIONS.values())[-1]

    def request(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the body of the reply."""
        check_request(body, self.schema_version)
        self.requests.append(dict(body))
        reply = self._answer(dict(body))
        if reply is not None and reply.get("type") == "ErrorResponse":
            raise error_from_reply(body, reply)
        return reply

    def _answer(self, body: dict[str, Any]) -> dict[str, Any] | None:
        kind = body["type"]
        if kind in self.failing:
            return {"type": "ErrorResponse", "error": self.failing[kind], "detail": {"status_code": 500}}
        if kind == "GetVariable":
            if body["key"] not in self.variables:
                return {"type": "ErrorResponse", "error": "VARIABLE_NOT_FOUND", "detail": {"key": body["key"]}}
            return {"type": "VariableResult", "key": body["key"], "value": self.variables[body["key"]]}
        if kind == "GetConnection":
            if body["conn_id"] not in self.connections:
                return {"type": "ErrorResponse", "error": "CONNECTION_NOT_FOUND", "detail": None}
            return {"type": "ConnectionResult", "conn_id": body["conn_id"], **self.connections[body["conn_id"]]}
        if kind == "GetXCom":
            if (body["task_id"], body["key"]) not in self.xcoms:
                return {"type": "ErrorResponse", "error": "XCOM_NOT_FOUND", "detail": None}
            return {"type": "XComResult", "key": body["key"], "value": self.xcoms[body["task_id"], body["key"]]}
        if kind in self.replies:
            return self.replies[kind]
        return {"type": "OKResponse", "ok": True} if kind == "DeleteVariable" else None

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """Return the requests of a type."""
        return [body for body in self.requests if body["type"] == kind]


def log_with_python(
    level: int,
    logger: str,
    event: str,
    exception: BaseException | None = None,
    fields: Mapping[str, object] | None = None,
) -> None:
    """Log a message of the runtime's own with Python's `logging`, where `caplog` finds it."""
    logging.getLogger(logger).log(level, event, exc_info=exception, extra=fields)


def context(
    cancellation: Cancellation | None = None, *, should_retry: bool = False, reschedules: int = 0, **ti: Any
) -> Context:
    """Return the context of a running task."""
    ids = {"id": "01234567-89ab-cdef-0123-456789abcdef", "dag_id": "d", "task_id": "t", "run_id": "manual__1", **ti}
    return Context(
        ti=TaskInstance(**ids),
        dag_run=DagRun(dag_id=ids["dag_id"], run_id=ids["run_id"], conf={"token": "hunter2"}),
        bundle_info=BundleInfo(name="bundles"),
        should_retry=should_retry,
        task_reschedule_count=reschedules,
        start_date=datetime(2026, 1, 2, tzinfo=timezone.utc),
        cancellation=cancellation or Cancellation(),
    )
