"""Tests of task instances: their states, counts, skips and questions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from dagfloe.local.store.run_records import DagRunRecord, TaskInstanceRecord
from dagfloe.local.store.store import Store
from support.schemas import NEW
from support.store_requests import OTHER_TI, TASK, answer, ask, refused

WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
#: A task of another Dag, which the requests about the Dag do not count.
OTHER_DAG = replace(TASK, dag_id="e")


def day(number: int) -> datetime:
    return WHEN + timedelta(days=number - 1)


@pytest.fixture
def store() -> Store:
    """Two runs of a Dag with a task, a mapped task in a group, and a task without a state."""
    store = Store()
    for number in (1, 2):
        date, run_id = day(number), f"r{number}"
        store.save_run(DagRunRecord(dag_id="d", run_id=run_id, logical_date=date, run_after=date))
        for task_id, map_index, state in (
            ("first", -1, "success"),
            ("group.mapped", 0, "success" if number == 1 else "failed"),
            ("group.mapped", 1, "running"),
            ("last", -1, None),
        ):
            store.save_task_instance(
                TaskInstanceRecord(
                    dag_id="d",
                    task_id=task_id,
                    run_id=run_id,
                    ti_id=OTHER_TI,
                    map_index=map_index,
                    state=state,
                    start_date=date,
                    end_date=date + timedelta(seconds=1.5) if state == "success" else None,
                )
            )
    return store


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 8),
        ({"task_ids": ["first", "last"]}, 4),
        ({"task_ids": []}, 8),
        ({"run_ids": ["r1"]}, 4),
        ({"logical_dates": [day(2)]}, 4),
        ({"map_index": 1}, 2),
        ({"map_index": -1}, 8),
        ({"states": ["success"]}, 3),
        ({"states": ["null"]}, 2),
        ({"states": ["null", "failed"]}, 3),
        ({"task_group_id": "group"}, 4),
        ({"task_group_id": "group", "run_ids": ["r2"], "states": ["failed"]}, 1),
        ({"task_group_id": "group", "task_ids": ["first"]}, 0),
        ({"task_group_id": "group", "map_index": 7}, 0),
    ],
    ids=str,
)
def test_count(store: Store, filters: dict[str, Any], count: int) -> None:
    """All filters apply; an empty filter, and a negative map index, match all task instances."""
    assert answer(store, "GetTICount", task=OTHER_DAG, dag_id="d", **filters) == {"type": "TICount", "count": count}


def test_states(store: Store) -> None:
    """States are grouped by run and task; the names of mapped task instances have the map index."""
    first = {"first": "success", "group.mapped_0": "success", "group.mapped_1": "running", "last": None}
    reply = answer(store, "GetTaskStates", task=OTHER_DAG, dag_id="d", run_ids=["r1"])
    assert reply == {"type": "TaskStatesResult", "task_states": {"r1": first}}
    group = answer(store, "GetTaskStates", dag_id="d", task_group_id="group", run_ids=["r2"])
    assert group["task_states"] == {"r2": {"group.mapped_0": "failed", "group.mapped_1": "running"}}
    both = answer(store, "GetTaskStates", dag_id="d", task_group_id="group", task_ids=["first"], run_ids=["r2"])
    assert both["task_states"]["r2"].keys() == {"first", "group.mapped_0", "group.mapped_1"}
    assert answer(store, "GetTaskStates", dag_id="d", task_ids=["x"])["task_states"] == {}


@pytest.mark.parametrize("kind", ["GetTICount", "GetTaskStates"])
def test_unknown_group(store: Store, kind: str) -> None:
    """An unknown task group is an error of the API server."""
    assert refused(store, kind, dag_id="d", task_group_id="x")["status_code"] == 404


def test_breadcrumbs(store: Store) -> None:
    """Breadcrumbs have the finished task instances of a run in order, with their durations in seconds."""
    assert answer(store, "GetTaskBreadcrumbs", dag_id="d", run_id="r1") == {
        "type": "TaskBreadcrumbsResult",
        "breadcrumbs": [
            {"task_id": task_id, "map_index": index, "state": "success", "operator": "_StubOperator", "duration": 1.5}
            for task_id, index in (("first", -1), ("group.mapped", 0))
        ],
    }


def test_previous(store: Store) -> None:
    """The previous task instance is that of the last run with an earlier logical date."""
    names: dict[str, Any] = {"dag_id": "d", "task_id": "group.mapped", "map_index": 0}
    assert answer(store, "GetPreviousTI", **names, logical_date=day(2)) == {
        "type": "PreviousTIResult",
        "task_instance": {
            "task_id": "group.mapped",
            "dag_id": "d",
            "run_id": "r1",
            "logical_date": day(1),
            "start_date": day(1),
            "end_date": day(1) + timedelta(seconds=1.5),
            "state": "success",
            "try_number": 1,
            "map_index": 0,
            "duration": 1.5,
        },
    }
    assert answer(store, "GetPreviousTI", **names)["task_instance"]["run_id"] == "r2"
    assert answer(store, "GetPreviousTI", **names, state="success")["task_instance"]["run_id"] == "r1"
    assert answer(store, "GetPreviousTI", **names, logical_date=day(1))["task_instance"] is None
    assert answer(store, "GetPreviousTI", dag_id="d", task_id="group.mapped")["task_instance"] is None


def test_reschedules() -> None:
    """The date of the first reschedule stays; before it, the date is null."""
    store = Store()
    no_date = {"type": "TaskRescheduleStartDate", "start_date": None}
    assert answer(store, "GetTaskRescheduleStartDate", ti_id=TASK.ti_id) == no_date
    before = datetime.now(tz=timezone.utc)
    ask(store, "RescheduleTask", end_date=WHEN, reschedule_date=WHEN)
    between = datetime.now(tz=timezone.utc)
    ask(store, "RescheduleTask", end_date=WHEN, reschedule_date=WHEN)
    reply = answer(store, "GetTaskRescheduleStartDate", ti_id=TASK.ti_id, try_number=1)
    assert before <= reply["start_date"] <= between
    assert refused(store, "GetTaskRescheduleStartDate", ti_id=OTHER_TI)["status_code"] == 403


def test_skipping() -> None:
    """The store has the skipped tasks of a Dag run, in the order of the requests."""
    store = Store()
    assert ask(store, "SkipDownstreamTasks", tasks=["a", ["b", 1]]) == (None, None)
    ask(store, "SkipDownstreamTasks", tasks=["c"])
    assert store.skipped == {("d", "r"): ["a", ["b", 1], "c"]}


def test_skipped_states(store: Store) -> None:
    """Skipped task instances have that state at once, unless they run or have ended."""
    task = replace(TASK, run_id="r2")
    ask(store, "SkipDownstreamTasks", task=task, tasks=["last", "first", ["group.mapped", 1], ["group.mapped", 9]])
    states = answer(store, "GetTaskStates", dag_id="d", run_ids=["r2"], task_ids=["last", "first", "group.mapped"])
    expected = {"last": "skipped", "first": "success", "group.mapped_0": "failed", "group.mapped_1": "running"}
    assert states["task_states"] == {"r2": expected}


def test_cleared_states(store: Store) -> None:
    """The task instances of a cleared run have no state; those of other runs are unchanged."""
    ask(store, "TriggerDagRun", dag_id="d", run_id="r1", reset_dag_run=True)
    assert answer(store, "GetTICount", dag_id="d", run_ids=["r1"], states=["null"])["count"] == 4
    assert answer(store, "GetTICount", dag_id="d", run_ids=["r2"], states=["null"])["count"] == 1
    assert answer(store, "GetTaskBreadcrumbs", dag_id="d", run_id="r1")["breadcrumbs"] == []


def test_questions() -> None:
    """The store has the question, and replies with its non-default fields; every try has one question."""
    store = Store()
    required: dict[str, Any] = {"ti_id": TASK.ti_id, "options": ["yes", "no"], "params": {}, "assigned_users": []}
    optional: dict[str, Any] = {"subject": "Go?", "body": None, "defaults": ["no"], "multiple": True}
    reply = answer(store, "CreateHITLDetailPayload", **required, **optional)
    assert reply == {
        "type": "HITLDetailRequestResult",
        **required,
        "subject": "Go?",
        "defaults": ["no"],
        "multiple": True,
    }
    assert store.questions[TASK.ti_id] == {**required, **optional}
    assert answer(store, "CreateHITLDetailPayload", **required, subject="Now?")["subject"] == "Go?"
    second_try = replace(TASK, try_number=2)
    assert answer(store, "CreateHITLDetailPayload", task=second_try, **required, subject="Now?")["subject"] == "Now?"


def test_invalid_questions() -> None:
    """As in Airflow's API server, null params or users, and another task instance's question, are errors."""
    plain: dict[str, Any] = {"ti_id": TASK.ti_id, "options": ["yes"], "subject": "Go?", "params": {}}
    assert refused(Store(), "CreateHITLDetailPayload", **plain)["status_code"] == 422
    whole = {**plain, "assigned_users": [], "multiple": None}
    assert refused(Store(), "CreateHITLDetailPayload", **whole)["status_code"] == 422
    assert refused(Store(), "CreateHITLDetailPayload", **{**plain, "ti_id": OTHER_TI})["status_code"] == 403


def test_execution_timeout() -> None:
    """Airflow 3.4 accepts an execution timeout, with an empty reply."""
    assert ask(Store(), "SetExecutionTimeout", version=NEW, timeout_seconds=3.0) == (None, None)
