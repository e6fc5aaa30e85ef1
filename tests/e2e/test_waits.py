"""Tasks in a complete Airflow that wait without a worker, or that a test stops."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.scene import DEADLINE_S

if TYPE_CHECKING:
    from e2e.scene import Run, Scene

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400, func_only=True)]


def test_deferral(scene: Scene) -> None:
    """A task defers to the triggerer and resumes."""
    run = scene.run("waits")
    run.expect_end("defers", "success")
    pushed = scene.api.xcom(run.dag_id, run.run_id, "defers")
    assert (pushed["rows"], pushed["try"]) == ([1, 2], 1)
    assert pushed["event"][:2] == "20"
    run.record("defers", "before the trigger")
    run.record("defers", "after the trigger")


def test_reschedule(scene: Scene) -> None:
    """A task reschedules itself until a variable is there."""
    run = scene.run("waits")
    run.wait_for_state("reschedules", {"up_for_reschedule"})
    scene.api.set_variable("e2e_arrived", "at last")
    run.expect_end("reschedules", "success")
    run.expect_xcom("reschedules", "at last")
    assert len(run.records("reschedules", "looking")) >= 2


def test_human_input(scene: Scene) -> None:
    """A task waits for an answer, which the API gives."""
    run = scene.run("waits")
    run.wait_for_state("asks", {"awaiting_input", "deferred"})
    # A person does not answer faster. If an answer arrives before the scheduler has seen the end of the process,
    # Airflow 3.3.2 fails the task, in any language, when it queues the task again.
    _wait_for_process_end(scene, run, "asks")
    scene.api.answer(run.dag_id, run.run_id, "asks", ["yes"], {"comment": "well done"})
    run.expect_end("asks", "success")
    run.expect_xcom("asks", {"chosen": ["yes"], "comment": "well done", "late": False})


def test_cleared_task(scene: Scene) -> None:
    """Clearing a running task sends SIGTERM, runs its cleanup, and starts a new try."""
    run = scene.run("stops")
    pids = _waiting(run, "cleared")
    scene.api.clear(run.dag_id, run.run_id, ["cleared"])
    run.expect_end("cleared", "success", tries=2)
    run.expect_xcom("cleared", 2)
    assert run.record("cleared", "undone")["part"] == 7
    run.record("cleared", "unwound")
    run.record("cleared", "Task stopped: the task was asked to stop: SIGTERM")
    _expect_no_processes(scene, *pids)


def test_killed_task(scene: Scene) -> None:
    """A task that is killed with SIGKILL is retried."""
    run = scene.run("stops")
    pids = _waiting(run, "killed")
    os.kill(pids[0], signal.SIGKILL)
    run.expect_end("killed", "success", tries=2)
    run.expect_xcom("killed", 2)
    assert run.record("killed", "Process exited abnormally")["exit_code"] == -9
    assert run.records("killed", "unwound") == []
    _expect_no_processes(scene, *pids)


def _wait_for_process_end(scene: Scene, run: Run, task_id: str) -> None:
    """Wait until the scheduler has seen the end of the process of a task that waits."""

    def is_logged() -> bool:
        lines = scene.world.output()["scheduler.log"].splitlines()
        marks = ("Received executor event", f"task_id='{task_id}'", run.run_id)
        return any(all(mark in line for mark in marks) for line in lines)

    scene.api.wait(f"end of the process of {task_id}", is_logged, DEADLINE_S)


def _waiting(run: Run, task_id: str) -> tuple[int, int]:
    """Wait until the task runs. Return the pid of its process, and of the process that it started."""
    run.wait_for_state(task_id, {"running"})
    record = run.record(task_id, "waiting")
    return record["pid"], record["child"]


def _expect_no_processes(scene: Scene, *pids: int) -> None:
    """Check that these processes have ended."""

    def have_ended() -> bool:
        return not any(Path(f"/proc/{pid}").exists() for pid in pids)

    scene.api.wait(f"end of the processes {pids}", have_ended, DEADLINE_S)
