"""Requests to a store, with a check of the replies against the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.local.task_run import TaskRun
from dagfloe.runtime.wire.requests import find_problem
from support.schemas import OLD, violations

if TYPE_CHECKING:
    from dagfloe.local.store.store import Reply, Store

TASK = TaskRun(dag_id="d", task_id="t", run_id="r", ti_id="01234567-89ab-cdef-0123-456789abcdef")
OTHER_TI = "11111111-89ab-cdef-0123-456789abcdef"


def ask(store: Store, kind: str, *, task: TaskRun = TASK, version: str = OLD, **fields: Any) -> Reply:
    """Send a valid request, and return the reply, which must follow the schema too."""
    body = {"type": kind, **fields}
    assert find_problem(body, version) is None
    reply = store.answer(body, task)
    for part in reply:
        assert part is None or violations(part, version) == []
    return reply


def answer(store: Store, kind: str, *, task: TaskRun = TASK, version: str = OLD, **fields: Any) -> dict[str, Any]:
    """Send a request, and return the body of the reply."""
    reply = ask(store, kind, task=task, version=version, **fields)
    assert reply.error is None
    assert reply.body is not None
    return reply.body


def refused(store: Store, kind: str, *, task: TaskRun = TASK, version: str = OLD, **fields: Any) -> dict[str, Any]:
    """Send a request that the API server refuses, and return the detail of the error."""
    reply = ask(store, kind, task=task, version=version, **fields)
    assert reply.body is None
    assert reply.error is not None
    assert reply.error["error"] == "API_SERVER_ERROR"
    detail: dict[str, Any] = reply.error["detail"]
    return detail
