"""Tests of sequences of XComs, and of XComs of earlier runs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.local.store.run_records import DagRunRecord
from dagfloe.local.store.store import Store, XComKey
from support.schemas import NEW
from support.store_requests import answer, ask, refused

XCOM: dict[str, Any] = {"key": "k", "dag_id": "d", "run_id": "r", "task_id": "up"}
BOUNDS = st.none() | st.integers(-7, 7)


def store_with(*values: Any) -> Store:
    """A store with the XComs of a mapped task, written in reverse order of the map indexes."""
    store = Store()
    for index in reversed(range(len(values))):
        ask(store, "SetXCom", **XCOM, map_index=index, value=values[index])
    ask(store, "SetXCom", **{**XCOM, "key": "other"}, map_index=0, value="not this one")
    return store


def test_count() -> None:
    """All map indexes count, also that of a task that is not mapped."""
    assert answer(Store(), "GetXComCount", **XCOM) == {"type": "XComCountResponse", "len": 0}
    assert answer(store_with("a", "b", "c"), "GetXComCount", **XCOM)["len"] == 3
    store = store_with("a")
    ask(store, "SetXCom", **XCOM, value="unmapped")
    assert answer(store, "GetXComCount", **XCOM)["len"] == 2


def test_item() -> None:
    """Items are in the order of map indexes, from either end; an offset out of range is an error in the body."""
    store = store_with("a", None, "c")
    values = [answer(store, "GetXComSequenceItem", **XCOM, offset=offset)["root"] for offset in (0, 1, -1, -3)]
    assert values == ["a", None, "c", "a"]
    for offset in (3, -4):
        reply = answer(store, "GetXComSequenceItem", **XCOM, offset=offset)
        assert reply == {"type": "ErrorResponse", "error": "XCOM_NOT_FOUND", "detail": {**XCOM, "offset": offset}}


@given(st.lists(st.integers(), max_size=6), BOUNDS, BOUNDS, BOUNDS)
def test_slice(values: list[int], start: int | None, stop: int | None, step: int | None) -> None:
    """A slice is that of a list; a step of 0 means 1."""
    reply = answer(store_with(*values), "GetXComSequenceSlice", **XCOM, start=start, stop=stop, step=step)
    assert reply == {"type": "XComSequenceSliceResult", "root": values[start : stop : step or None]}


def test_earlier_runs() -> None:
    """The latest run up to this one counts, in any order of writing; later runs do not count."""
    store = Store()
    for day, run_id in ((3, "r3"), (1, "r1"), (2, "r2")):
        date = datetime(2026, 1, day, tzinfo=timezone.utc)
        store.save_run(DagRunRecord(dag_id="d", run_id=run_id, logical_date=date, run_after=date))
        store.set_xcom(XComKey("d", run_id, "up", -1, "k"), run_id)
    earlier = {**XCOM, "run_id": "r2", "include_prior_dates": True}
    assert answer(store, "GetXCom", **earlier)["value"] == "r2"
    assert sorted(answer(store, "GetXComSequenceSlice", **earlier, start=None, stop=None, step=None)["root"]) == [
        "r1",
        "r2",
    ]
    ask(store, "DeleteXCom", **{**XCOM, "run_id": "r2"})
    assert answer(store, "GetXCom", **earlier)["value"] == "r1"


def test_too_long_to_map() -> None:
    """A mapped length above Airflow's limit is refused, and the XCom is not written."""
    store = Store()
    ask(store, "SetXCom", **XCOM, value=[1], mapped_length=1024)
    detail = refused(store, "SetXCom", **XCOM, value=[2], mapped_length=1025)
    assert (detail["status_code"], detail["detail"]["detail"]["reason"]) == (400, "unmappable_return_value_length")
    assert answer(store, "GetXCom", **XCOM)["value"] == [1]


@pytest.mark.parametrize("kind", ["GetXCom", "GetXComCount"])
def test_previous_iteration(kind: str) -> None:
    """The store has no loops, so there is no previous iteration."""
    assert refused(store_with("a"), kind, version=NEW, **XCOM, previous_iteration=True)["status_code"] == 400
