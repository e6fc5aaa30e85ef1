"""Tests of the states of tasks and assets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dagfloe.local.store.store import Store
from support.store_requests import OTHER_TI, TASK, answer, ask, refused

OK = {"type": "OKResponse", "ok": True}
CHANGES: list[tuple[str, dict[str, Any]]] = [("Get", {}), ("Set", {"value": 1}), ("Delete", {})]
ASSETS: list[tuple[str, dict[str, Any]]] = [("ByName", {"name": "raw"}), ("ByUri", {"uri": "s3://raw"})]


def test_task_states() -> None:
    """The states of a task instance outlive a try; it cannot read those of others."""
    store = Store()
    ti: dict[str, Any] = {"ti_id": TASK.ti_id}
    assert answer(store, "SetTaskStateStore", **ti, key="a", value=[1], expires_at=None) == OK
    ask(store, "SetTaskStateStore", **ti, key="b", value=2, expires_at=None)
    second_try = replace(TASK, try_number=2, ti_id=OTHER_TI)
    reply = answer(store, "GetTaskStateStore", task=second_try, ti_id=OTHER_TI, key="a")
    assert reply == {"type": "TaskStateStoreResult", "value": [1]}
    mapped = replace(TASK, map_index=0)
    missing = {"type": "ErrorResponse", "error": "TASK_STORE_NOT_FOUND", "detail": {"key": "a"}}
    assert answer(store, "GetTaskStateStore", task=mapped, **ti, key="a") == missing
    assert answer(store, "DeleteTaskStateStore", **ti, key="a") == OK
    assert answer(store, "GetTaskStateStore", **ti, key="a") == missing
    assert answer(store, "ClearTaskStateStore", **ti) == OK
    assert answer(store, "GetTaskStateStore", **ti, key="b")["error"] == "TASK_STORE_NOT_FOUND"
    assert answer(store, "DeleteTaskStateStore", **ti, key="b") == OK


@pytest.mark.parametrize("value", [None, float("inf"), [float("nan")]], ids=str)
def test_invalid_values(value: object) -> None:
    """Null, and values without a JSON form, are errors."""
    store = Store()
    store.add_asset("raw")
    detail = refused(store, "SetTaskStateStore", ti_id=TASK.ti_id, key="a", value=value, expires_at=None)
    assert detail["status_code"] == 422
    assert refused(store, "SetAssetStateStoreByName", name="raw", key="a", value=value)["status_code"] == 422


def test_empty_keys() -> None:
    """A key has at least one character; an asset has a name or a URI."""
    store = Store()
    store.add_asset("raw")
    for kind, fields in CHANGES:
        expiry: dict[str, Any] = {"expires_at": None} if kind == "Set" else {}
        assert (
            refused(store, f"{kind}TaskStateStore", ti_id=TASK.ti_id, key="", **fields, **expiry)["status_code"] == 422
        )
        detail = refused(store, f"{kind}AssetStateStoreByName", name="raw", key="", **fields)
        assert detail["detail"]["detail"][0]["loc"] == ["query", "key"]
        assert refused(store, f"{kind}AssetStateStoreByUri", uri="", key="", **fields)["exception_type"] == "ValueError"


def test_other_task_instance() -> None:
    """The token of a task instance is not valid for another one."""
    cases: list[tuple[str, dict[str, Any]]] = [("GetTaskStateStore", {"key": "a"}), ("ClearTaskStateStore", {})]
    for kind, fields in cases:
        assert refused(Store(), kind, ti_id=OTHER_TI, **fields)["status_code"] == 403


@pytest.mark.parametrize(("suffix", "asset"), ASSETS)
def test_asset_states(suffix: str, asset: dict[str, Any]) -> None:
    """An asset's states are the same by its name and by its URI."""
    store = Store()
    store.add_asset("raw", "s3://raw")
    assert answer(store, f"SetAssetStateStore{suffix}", **asset, key="a", value={"x": 1}) == OK
    ask(store, f"SetAssetStateStore{suffix}", **asset, key="b", value=2)
    for other_suffix, reference in ASSETS:
        reply = answer(store, f"GetAssetStateStore{other_suffix}", **reference, key="a")
        assert reply == {"type": "AssetStateStoreResult", "value": {"x": 1}}
    assert answer(store, f"DeleteAssetStateStore{suffix}", **asset, key="a") == OK
    missing = {"type": "ErrorResponse", "error": "ASSET_STORE_NOT_FOUND", "detail": {"key": "a"}}
    assert answer(store, f"GetAssetStateStore{suffix}", **asset, key="a") == missing
    assert answer(store, f"ClearAssetStateStore{suffix}", **asset) == OK
    assert answer(store, f"GetAssetStateStore{suffix}", **asset, key="b")["error"] == "ASSET_STORE_NOT_FOUND"


@pytest.mark.parametrize(("suffix", "asset"), ASSETS)
def test_unknown_asset(suffix: str, asset: dict[str, Any]) -> None:
    """Reading a state of an unknown asset is a failed lookup; changing it is an error of the API server."""
    store = Store()
    assert answer(store, f"GetAssetStateStore{suffix}", **asset, key="a")["error"] == "ASSET_STORE_NOT_FOUND"
    cases: list[tuple[str, dict[str, Any]]] = [
        ("Set", {"key": "a", "value": 1}),
        ("Delete", {"key": "a"}),
        ("Clear", {}),
    ]
    for kind, fields in cases:
        detail = refused(store, f"{kind}AssetStateStore{suffix}", **asset, **fields)
        assert (detail["status_code"], detail["detail"]["detail"]["reason"]) == (404, "not_found")
