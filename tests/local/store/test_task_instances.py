"""Tests of task instances: their states and counts, what they skip, and what they ask."""

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
#: A task of another Dag, which does not count among those of the Dag.
ELSEWHERE = replace(TASK, dag_id="e")


def day(number: int) -> datetime:
    return WHEN + timedelta(days=number - 1)


@pytest.fixture
def store() -> Store:
    """Two runs of a Dag with a task, a mapped task in a group, and one that has no state yet."""
    made = Store()
    for number in (1, 2):
        date, run_id = day(number), f"r{number}"
        made.save_run(DagRunRecord(dag_id="d", run_id=run_id, logical_date=date, run_after=date))
        for task_id, map_index, state in (
            ("first", -1, "success"),
            ("group.mapped", 0, "success" if number == 1 else "failed"),
            ("group.mapped", 1, "running"),
            ("last", -1, None),
        ):
            made.save_task_instance(
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
    return made


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
    """Task instances are counted by every filter; an empty one, and a map index below 0, do not count."""
    assert answer(store, "GetTICount", task=ELSEWHERE, dag_id="d", **filters) == {"type": "TICount", "count": count}


def test_states(store: Store) -> None:
    """States are by run and task; mapped task instances have their map index in the name."""
    first = {"first": "success", "group.mapped_0": "success", "group.mapped_1": "running", "last": None}
    reply = answer(store, "GetTaskStates", task=ELSEWHERE, dag_id="d", run_ids=["r1"])
    assert reply == {"type": "TaskStatesResult", "task_states": {"r1": first}}
    group = answer(store, "GetTaskStates", dag_id="d", task_group_id="group", run_ids=["r2"])
    assert group["task_states"] == {"r2": {"group.mapped_0": "failed", "group.mapped_1": "running"}}
    both = answer(store, "GetTaskStates", dag_id="d", task_group_id="group", task_ids=["first"], run_ids=["r2"])
    assert both["task_states"]["r2"].keys() == {"first", "group.mapped_0", "group.mapped_1"}
    assert answer(store, "GetTaskStates", dag_id="d", task_ids=["x"])["task_states"] == {}


@pytest.mark.parametrize("kind", ["GetTICount", "GetTaskStates"])
def test_unknown_group(store: Store, kind: str) -> None:
    """A task group that the Dag does not have is an error of the API server."""
    assert refused(store, kind, dag_id="d", task_group_id="x")["status_code"] == 404


def test_breadcrumbs(store: Store) -> None:
    """The task instances of a run that have finished are told, in order, with the seconds that they took."""
    assert answer(store, "GetTaskBreadcrumbs", dag_id="d", run_id="r1") == {
        "type": "TaskBreadcrumbsResult",
        "breadcrumbs": [
            {"task_id": task_id, "map_index": index, "state": "success", "operator": "_StubOperator", "duration": 1.5}
            for task_id, index in (("first", -1), ("group.mapped", 0))
        ],
    }


def test_previous(store: Store) -> None:
    """The previous task instance is that of the last run with an earlier logical date."""
    wanted: dict[str, Any] = {"dag_id": "d", "task_id": "group.mapped", "map_index": 0}
    assert answer(store, "GetPreviousTI", **wanted, logical_date=day(2)) == {
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
    assert answer(store, "GetPreviousTI", **wanted)["task_instance"]["run_id"] == "r2"
    assert answer(store, "GetPreviousTI", **wanted, state="success")["task_instance"]["run_id"] == "r1"
    assert answer(store, "GetPreviousTI", **wanted, logical_date=day(1))["task_instance"] is None
    assert answer(store, "GetPreviousTI", dag_id="d", task_id="group.mapped")["task_instance"] is None


def test_reschedules() -> None:
    """The first reschedule's date is told from then on; before it is null."""
    store = Store()
    nothing = {"type": "TaskRescheduleStartDate", "start_date": None}
    assert answer(store, "GetTaskRescheduleStartDate", ti_id=TASK.ti_id) == nothing
    before = datetime.now(tz=timezone.utc)
    ask(store, "RescheduleTask", end_date=WHEN, reschedule_date=WHEN)
    between = datetime.now(tz=timezone.utc)
    ask(store, "RescheduleTask", end_date=WHEN, reschedule_date=WHEN)
    found = answer(store, "GetTaskRescheduleStartDate", ti_id=TASK.ti_id, try_number=1)
    assert before <= found["start_date"] <= between
    assert refused(store, "GetTaskRescheduleStartDate", ti_id=OTHER_TI)["status_code"] == 403


def test_skipping() -> None:
    """What is skipped downstream is kept for the Dag run, as it was said and in order."""
    store = Store()
    assert ask(store, "SkipDownstreamTasks", tasks=["a", ["b", 1]]) == (None, None)
    ask(store, "SkipDownstreamTasks", tasks=["c"])
    assert store.skipped == {("d", "r"): ["a", ["b", 1], "c"]}


def test_skipped_states(store: Store) -> None:
    """What is skipped is in that state at once, but for what runs or has ended."""
    task = replace(TASK, run_id="r2")
    ask(store, "SkipDownstreamTasks", task=task, tasks=["last", "first", ["group.mapped", 1], ["group.mapped", 9]])
    states = answer(store, "GetTaskStates", dag_id="d", run_ids=["r2"], task_ids=["last", "first", "group.mapped"])
    expected = {"last": "skipped", "first": "success", "group.mapped_0": "failed", "group.mapped_1": "running"}
    assert states["task_states"] == {"r2": expected}


def test_cleared_states(store: Store) -> None:
    """The task instances of a run that is cleared have no state; those of others keep theirs."""
    ask(store, "TriggerDagRun", dag_id="d", run_id="r1", reset_dag_run=True)
    assert answer(store, "GetTICount", dag_id="d", run_ids=["r1"], states=["null"])["count"] == 4
    assert answer(store, "GetTICount", dag_id="d", run_ids=["r2"], states=["null"])["count"] == 1
    assert answer(store, "GetTaskBreadcrumbs", dag_id="d", run_id="r1")["breadcrumbs"] == []


def test_questions() -> None:
    """A question is kept, and what is not usual of it is told again; a try asks one question, the next one another."""
    store = Store()
    plain: dict[str, Any] = {"ti_id": TASK.ti_id, "options": ["yes", "no"], "params": {}, "assigned_users": []}
    more: dict[str, Any] = {"subject": "Go?", "body": None, "defaults": ["no"], "multiple": True}
    told = answer(store, "CreateHITLDetailPayload", **plain, **more)
    assert told == {
        "type": "HITLDetailRequestResult",
        **plain,
        "subject": "Go?",
        "defaults": ["no"],
        "multiple": True,
    }
    assert store.questions[TASK.ti_id] == {**plain, **more}
    assert answer(store, "CreateHITLDetailPayload", **plain, subject="Now?")["subject"] == "Go?"
    again = replace(TASK, try_number=2)
    assert answer(store, "CreateHITLDetailPayload", task=again, **plain, subject="Now?")["subject"] == "Now?"


def test_questions_that_are_refused() -> None:
    """As Airflow's API server, it takes neither null for params and users, nor another task instance's question."""
    plain: dict[str, Any] = {"ti_id": TASK.ti_id, "options": ["yes"], "subject": "Go?", "params": {}}
    assert refused(Store(), "CreateHITLDetailPayload", **plain)["status_code"] == 422
    whole = {**plain, "assigned_users": [], "multiple": None}
    assert refused(Store(), "CreateHITLDetailPayload", **whole)["status_code"] == 422
    assert refused(Store(), "CreateHITLDetailPayload", **{**plain, "ti_id": OTHER_TI})["status_code"] == 403


def test_execution_timeout() -> None:
    """Airflow 3.4 is told of a time limit, and has nothing to say."""
    assert ask(Store(), "SetExecutionTimeout", version=NEW, timeout_seconds=3.0) == (None, None)
