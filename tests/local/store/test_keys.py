"""Tests of empty keys, which the API server refuses."""

from __future__ import annotations

import pytest

from dagfloe.local.store.store import Store
from support.store_requests import TASK

XCOM = {"dag_id": "d", "run_id": "r", "task_id": "t"}


@pytest.mark.parametrize(
    "body",
    [
        {"type": "GetVariable"},
        {"type": "PutVariable", "value": "x", "description": None},
        {"type": "DeleteVariable"},
        {"type": "GetXCom", **XCOM},
        {"type": "SetXCom", **XCOM, "value": 1},
        {"type": "DeleteXCom", **XCOM},
    ],
    ids=lambda body: str(body["type"]),
)
def test_empty_key(body: dict[str, object]) -> None:
    """A request about an empty key gets an error in the third element, and changes nothing."""
    store = Store()
    reply = store.answer({**body, "key": ""}, TASK)
    assert reply.body is None
    assert reply.error is not None
    assert reply.error["detail"]["status_code"] == 422
    assert (store.variables, store.xcoms) == ({}, {})
