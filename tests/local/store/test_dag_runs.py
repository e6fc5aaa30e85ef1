"""Tests of Dags and Dag runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from dagfloe.local.store.run_records import DagRecord, DagRunRecord
from dagfloe.local.store.store import Store
from support.schemas import NEW
from support.store_requests import OTHER_TI, TASK, answer, ask, refused

OK = {"type": "OKResponse", "ok": True}


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=timezone.utc)


def run(number: int, state: str = "success", **fields: Any) -> DagRunRecord:
    """The Dag run of a day."""
    plain: dict[str, Any] = {
        "dag_id": "d",
        "run_id": f"r{number}",
        "state": state,
        "logical_date": day(number),
        "run_after": day(number),
    }
    return DagRunRecord(**{**plain, **fields})


def store_with(*runs: DagRunRecord) -> Store:
    store = Store()
    for record in runs:
        store.save_run(record)
    return store


def test_details() -> None:
    """A Dag run has all its fields, null if they are not set; its note is left out, as in Airflow."""
    store = store_with(run(1, conf={"a": 1}, note="n", start_date=day(2), data_interval_start=day(1)))
    assert answer(store, "GetDagRun", dag_id="d", run_id="r1") == {
        "type": "DagRunResult",
        "dag_id": "d",
        "run_id": "r1",
        "run_type": "manual",
        "state": "success",
        "logical_date": day(1),
        "data_interval_start": day(1),
        "data_interval_end": None,
        "run_after": day(1),
        "start_date": day(2),
        "end_date": None,
        "conf": {"a": 1},
        "clear_number": 0,
        "note": None,
        "triggering_user_name": None,
        "partition_key": None,
        "partition_date": None,
        "team_name": None,
        "consumed_asset_events": [],
    }
    assert answer(store, "GetDagRunState", dag_id="d", run_id="r1") == {"type": "DagRunStateResult", "state": "success"}


@pytest.mark.parametrize("kind", ["GetDagRun", "GetDagRunState"])
def test_unknown_run(kind: str) -> None:
    """An unknown run is an error of the API server."""
    detail = refused(Store(), kind, dag_id="d", run_id="x")
    assert (detail["status_code"], detail["message"]) == (404, "Server returned error")
    assert detail["detail"]["detail"]["reason"] == "not_found"


def test_own_run() -> None:
    """A task finds its own Dag run, its Dag and itself without any setup."""
    store, task = Store(), replace(TASK, conf={"a": 1}, logical_date=day(3), bundle_name="b")
    reply = answer(store, "GetDagRun", task=task, dag_id="d", run_id="r")
    assert (reply["state"], reply["conf"], reply["logical_date"]) == ("running", {"a": 1}, day(3))
    assert answer(store, "GetDag", task=task, dag_id="d") == {
        "type": "DagResult",
        "dag_id": "d",
        "is_paused": False,
        "bundle_name": "b",
        "bundle_version": None,
        "relative_fileloc": "d.py",
        "owners": "airflow",
        "tags": [],
        "next_dagrun": None,
    }
    assert answer(store, "GetTICount", dag_id="d", states=["running"])["count"] == 1


def test_dag() -> None:
    """A Dag has the fields of its record; an unknown Dag is an error of the API server."""
    store = store_with(run(1))
    store.save_dag(DagRecord(dag_id="d", tags=["b", "a"], owners="me"))
    reply = answer(store, "GetDag", dag_id="d")
    assert (reply["tags"], reply["owners"]) == (["a", "b"], "me")
    assert refused(store, "GetDag", dag_id="x")["status_code"] == 404


def test_previous() -> None:
    """The previous run is the last one with an earlier logical date, and with the requested state."""
    store = store_with(run(3), run(1), run(2, "failed"), run(1, dag_id="e"), run(4, logical_date=None))
    wanted: dict[str, Any] = {"dag_id": "d", "logical_date": day(3)}
    assert answer(store, "GetPreviousDagRun", **wanted)["dag_run"]["run_id"] == "r2"
    assert answer(store, "GetPreviousDagRun", **wanted, state="success")["dag_run"]["run_id"] == "r1"
    assert answer(store, "GetPreviousDagRun", **wanted, state="queued") == {
        "type": "PreviousDagRunResult",
        "dag_run": None,
    }
    assert refused(store, "GetPreviousDagRun", **wanted, state="no such state")["status_code"] == 422


def test_previous_successful() -> None:
    """The reply has the dates that are set, and none if the run has no logical date."""
    store = store_with(run(1, start_date=day(1), end_date=day(2)), run(2, "failed"), run(3, "running"))
    third = replace(TASK, run_id="r3")
    assert answer(store, "GetPrevSuccessfulDagRun", task=third, ti_id=TASK.ti_id) == {
        "type": "PrevSuccessfulDagRunResult",
        "start_date": day(1),
        "end_date": day(2),
    }
    assert answer(store, "GetPrevSuccessfulDagRun", ti_id=TASK.ti_id) == {"type": "PrevSuccessfulDagRunResult"}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 3),
        ({"states": ["success"]}, 2),
        ({"states": []}, 3),
        ({"run_ids": ["r1", "r2", "x"]}, 2),
        ({"logical_dates": [day(3), "2026-01-01T01:00:00+01:00"]}, 2),
        ({"logical_dates": [day(3)], "states": ["failed"]}, 0),
    ],
    ids=str,
)
def test_count(filters: dict[str, Any], count: int) -> None:
    """The filters are state, run_id and logical date; an empty filter matches all runs."""
    store = store_with(run(1), run(2, "failed"), run(3), run(1, dag_id="e"))
    other_dag = replace(TASK, dag_id="other")
    assert answer(store, "GetDRCount", task=other_dag, dag_id="d", **filters) == {"type": "DRCount", "count": count}


def test_trigger() -> None:
    """A triggered run is queued with the fields of the request, and the user who triggered the task's own run."""
    store = store_with(run(1, run_id="r", triggering_user_name="me"))
    request: dict[str, Any] = {"dag_id": "e", "run_id": "t", "conf": {"n": [1]}, "logical_date": day(5), "note": "n"}
    assert answer(store, "TriggerDagRun", **request, run_after=day(6)) == OK
    run_record = store.runs["e", "t"]
    assert (run_record.state, run_record.run_type, run_record.note, run_record.triggering_user_name) == (
        "queued",
        "operator_triggered",
        "n",
        "me",
    )
    assert (run_record.logical_date, run_record.run_after, run_record.data_interval_start) == (day(5), day(6), day(6))
    assert run_record.conf == {"n": [1]}
    assert answer(store, "GetDagRunState", dag_id="e", run_id="t")["state"] == "queued"


def test_trigger_without_dates() -> None:
    """Without a logical date, the run has no data interval, and can start at once."""
    store, before = Store(), datetime.now(tz=timezone.utc)
    assert answer(store, "TriggerDagRun", dag_id="e", run_id="t") == OK
    run_record = store.runs["e", "t"]
    assert (run_record.logical_date, run_record.data_interval_start, run_record.conf) == (None, None, {})
    assert before <= run_record.run_after <= datetime.now(tz=timezone.utc)


def test_trigger_again() -> None:
    """A run that exists is an error in the body; with `reset_dag_run` it is cleared."""
    store = store_with(run(1, start_date=day(1), end_date=day(2)))
    exists = {"type": "ErrorResponse", "error": "DAGRUN_ALREADY_EXISTS", "detail": None}
    assert answer(store, "TriggerDagRun", dag_id="d", run_id="r1") == exists
    assert answer(store, "TriggerDagRun", dag_id="d", run_id="r1", reset_dag_run=True) == OK
    cleared = store.runs["d", "r1"]
    assert (cleared.state, cleared.clear_number, cleared.start_date, cleared.end_date) == ("queued", 1, None, None)


@pytest.mark.parametrize("ids", [{"dag_id": "", "run_id": "t"}, {"dag_id": "e", "run_id": ""}], ids=str)
def test_trigger_without_ids(ids: dict[str, Any]) -> None:
    """A trigger needs a dag_id and a run_id."""
    assert refused(Store(), "TriggerDagRun", **ids)["status_code"] == 404


def test_trigger_at_the_same_date() -> None:
    """A Dag has one run for a logical date; it cannot be cleared under another run_id."""
    store = store_with(run(1))
    request: dict[str, Any] = {"dag_id": "d", "run_id": "another", "logical_date": day(1)}
    assert answer(store, "TriggerDagRun", **request)["error"] == "DAGRUN_ALREADY_EXISTS"
    assert refused(store, "TriggerDagRun", **request, reset_dag_run=True)["status_code"] == 404
    assert answer(store, "TriggerDagRun", **{**request, "dag_id": "e"}) == OK


def test_note() -> None:
    """A note is replaced, an empty one removes it, and null leaves it; those of other runs cannot be changed."""
    store = store_with(run(1, run_id="r", note="old"))
    for note, expected in ((None, "old"), ("new", "new"), ("", None)):
        assert answer(store, "UpdateDagRunNote", version=NEW, ti_id=TASK.ti_id, note=note) == OK
        assert store.runs["d", "r"].note == expected
    assert refused(store, "UpdateDagRunNote", version=NEW, ti_id=OTHER_TI, note="x")["status_code"] == 403


def test_saving_again() -> None:
    """A run that is saved again is replaced."""
    store = store_with(run(1, "running"), run(1, "failed"))
    assert answer(store, "GetDagRunState", dag_id="d", run_id="r1")["state"] == "failed"
    assert ask(store, "GetDRCount", dag_id="d", run_ids=["r1"]).body == {"type": "DRCount", "count": 1}
