"""Tests of the clock that the store, the supervisor and the seed file take."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dagfloe.local.seed.seed_file import parse_seed
from dagfloe.local.store.store import Store
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.local.task_run import TaskRun
from support.raw_bundle import write_program
from support.store_requests import TASK, answer, ask

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
SUCCEEDS = """
begin()
print("started at", details["start_date"].isoformat())
logs.sendall(b'{"level": "info", "event": "without a time"}\\n')
logs.sendall(b"malformed\\n")
succeed()
"""


def noon() -> datetime:
    """A clock that stands still."""
    return NOON


def test_store() -> None:
    """New Dag runs, task instances, skips, reschedules and asset events have the clock's time."""
    store = Store(noon)
    run = answer(store, "GetDagRun", dag_id=TASK.dag_id, run_id=TASK.run_id)
    assert (run["run_after"], run["start_date"]) == (NOON, NOON)
    last = answer(store, "GetPreviousTI", dag_id=TASK.dag_id, task_id=TASK.task_id)
    assert last["task_instance"]["start_date"] == NOON
    ask(store, "TriggerDagRun", dag_id="e", run_id="e1")
    assert answer(store, "GetDagRun", dag_id="e", run_id="e1")["run_after"] == NOON
    ask(store, "RescheduleTask", reschedule_date=NOON, end_date=NOON)
    assert answer(store, "GetTaskRescheduleStartDate", ti_id=TASK.ti_id)["start_date"] == NOON
    outlet = {"type": "Asset", "name": "a", "uri": "file:///a"}
    ask(store, "SucceedTask", end_date=NOON, task_outlets=[outlet], outlet_events=[])
    events = answer(store, "GetAssetEventByAsset", name="a", uri=None)["asset_events"]
    assert [event["timestamp"] for event in events] == [NOON]


def test_supervisor(tmp_path: Path) -> None:
    """The task starts at the clock's time, and so do records without a time of their own."""
    command = write_program(tmp_path / "program", SUCCEEDS)
    result = run_task(command, TaskRun(dag_id="d", task_id="t", run_id="r"), Store(noon), clock=noon)
    assert result.state == "success"
    assert f"started at {NOON.isoformat()}" in [record.event for record in result.records]
    assert {record.timestamp for record in result.records} == {NOON}


def test_seed_file() -> None:
    """An asset event without a timestamp happens now."""
    assert parse_seed('[[asset_events]]\nname = "a"', noon).asset_events[0].timestamp == NOON
