"""Scenarios of tasks that wait without a worker, or that somebody stops."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.scenarios import DEADLINE_S, Wrong, same, scenario

if TYPE_CHECKING:
    from e2e.scenarios import Run, Scene


@scenario("deferral to the triggerer")
def deferral(scene: Scene) -> None:
    run = scene.run("waits")
    run.ends("defers", "success")
    pushed = scene.api.xcom(run.dag_id, run.run_id, "defers")
    same("what was handed on", (pushed["rows"], pushed["try"]), ([1, 2], 1))
    same("the event is a time", pushed["event"][:2], "20")
    run.says("defers", "before the trigger")
    run.says("defers", "after the trigger")


@scenario("reschedule")
def reschedule(scene: Scene) -> None:
    run = scene.run("waits")
    run.reach("reschedules", {"up_for_reschedule"})
    scene.api.set_variable("e2e_arrived", "at last")
    run.ends("reschedules", "success")
    run.pushed("reschedules", "at last")
    looked = len(run.records("reschedules", "looking"))
    if looked < 2:
        raise Wrong(f"the task looked {looked} times, expected two or more")


@scenario("human input, given through the API")
def human_input(scene: Scene) -> None:
    run = scene.run("waits")
    run.reach("asks", {"awaiting_input", "deferred"})
    # Nobody is so quick: an answer that comes before the scheduler knows that the process has ended makes 3.3.2 fail
    # the task, whatever its language, when it finds it queued anew.
    _is_given_up(scene, run, "asks")
    scene.api.answer(run.dag_id, run.run_id, "asks", ["yes"], {"comment": "well done"})
    run.ends("asks", "success")
    run.pushed("asks", {"chosen": ["yes"], "comment": "well done", "late": False})


@scenario("cleared while it runs: SIGTERM, cleanup, a new try")
def cleared(scene: Scene) -> None:
    run = scene.run("stops")
    pids = _waiting(run, "cleared")
    scene.api.clear(run.dag_id, run.run_id, ["cleared"])
    run.ends("cleared", "success", tries=2)
    run.pushed("cleared", 2)
    same("the cleanup's record", run.says("cleared", "undone")["part"], 7)
    run.says("cleared", "unwound")
    run.says("cleared", "Task stopped: the task was told to stop: SIGTERM")
    _are_gone(scene, *pids)


@scenario("killed by -9, then retried")
def killed(scene: Scene) -> None:
    run = scene.run("stops")
    pids = _waiting(run, "killed")
    os.kill(pids[0], signal.SIGKILL)
    run.ends("killed", "success", tries=2)
    run.pushed("killed", 2)
    same("the supervisor's record", run.says("killed", "Process exited abnormally")["exit_code"], -9)
    same("last words", run.records("killed", "unwound"), [])
    _are_gone(scene, *pids)


def _is_given_up(scene: Scene, run: Run, task_id: str) -> None:
    """Wait until the scheduler has seen the end of the process of a task that waits."""

    def seen() -> bool:
        lines = scene.world.output()["scheduler.log"].splitlines()
        marks = ("Received executor event", f"task_id='{task_id}'", run.run_id)
        return any(all(mark in line for mark in marks) for line in lines)

    scene.api.wait(f"end of the process of {task_id}", seen, DEADLINE_S)


def _waiting(run: Run, task_id: str) -> tuple[int, int]:
    """Wait until the task runs; the ids of its process, and of the process that it started."""
    run.reach(task_id, {"running"})
    record = run.says(task_id, "waiting")
    return record["pid"], record["child"]


def _are_gone(scene: Scene, *pids: int) -> None:
    """Check that these processes have ended."""

    def gone() -> bool:
        return not any(Path(f"/proc/{pid}").exists() for pid in pids)

    scene.api.wait(f"end of the processes {pids}", gone, DEADLINE_S)
