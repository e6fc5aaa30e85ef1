"""Tests of running the tasks of one Dag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagfloe.local.dag import DagResult, run_dag
from dagfloe.local.stop import Stop
from dagfloe.local.store import Store
from support.raw_bundle import write_program

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.local.records import LogRecord
    from dagfloe.local.task import TaskResult

PROGRAM = """
begin()
task_id = details["ti"]["task_id"]
log("here")
if task_id == "fail":
    sys.exit(1)
if task_id == "skip":
    send(0, {"type": "TaskState", "state": "skipped"}); receive(); sys.exit(0)
before, _ = ask({"type": "GetXCom", **xcom("return_value", task_id="first")})
ask({"type": "SetXCom", **xcom("return_value"), "value": [task_id, before["value"]]})
succeed()
"""


class Log:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def task_began(self, task_id: str) -> None:
        """Write it down."""
        self.lines.append(f"{task_id} began")

    def task_said(self, task_id: str, record: LogRecord) -> None:
        """Write it down."""
        self.lines.append(f"{task_id} said {record.event}")

    def task_ended(self, task_id: str, result: TaskResult) -> None:
        """Write it down."""
        self.lines.append(f"{task_id} ended {result.state}")

    def task_left_out(self, task_id: str) -> None:
        """Write it down."""
        self.lines.append(f"{task_id} left out")


@pytest.fixture
def log() -> Log:
    return Log()


def test_all_good(tmp_path: Path, log: Log) -> None:
    """The tasks run in order, share XComs, and a skipped one does not stop the rest."""
    store = Store()
    command = write_program(tmp_path / "program", PROGRAM)
    result = run_dag(command, "d", ["first", "skip", "last"], store, log, run_id="r")
    assert result.is_good
    assert (list(result.tasks), result.left_out, result.run_id) == (["first", "skip", "last"], (), "r")
    assert store.return_value("d", "r", "last") == ["last", ["first", None]]
    assert log.lines == [
        *("first began", "first said here", "first ended success"),
        *("skip began", "skip said here", "skip ended skipped"),
        *("last began", "last said here", "last ended success"),
    ]


def test_failure(tmp_path: Path, log: Log) -> None:
    """After a task that fails, the others are left out."""
    command = write_program(tmp_path / "program", PROGRAM)
    result = run_dag(command, "d", ["fail", "second", "third"], Store(), log)
    assert not result.is_good
    assert (list(result.tasks), result.left_out) == (["fail"], ("second", "third"))
    said = ["fail said here", "fail said Process exited abnormally"]
    assert log.lines == ["fail began", *said, "fail ended failed", "second left out", "third left out"]


def test_stopped_before(tmp_path: Path, log: Log) -> None:
    """When it is stopped already, no task is started."""
    with Stop() as stop:
        stop.set()
        result = run_dag([str(tmp_path / "nothing")], "d", ["a", "b"], Store(), log, stop=stop)
    assert (dict(result.tasks), result.left_out, result.is_good) == ({}, ("a", "b"), False)


def test_no_tasks(log: Log) -> None:
    """A Dag without tasks is good."""
    assert run_dag(["x"], "d", [], Store(), log, run_id="r") == DagResult(dag_id="d", run_id="r")
