"""The cells in which the author's code fails, in the task's own process."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from trust.grid.cell import Cell, End, Impossible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trust.grid.trial import Trial

WHO = "the author's code"
WHENS = (
    "before the connection",
    "at import",
    "before the first frame",
    "in the task",
    "in a client call",
    "in a large push",
    "while logging",
    "at the return",
    "after the terminal message",
    "in atexit",
)
IN_HANDLER = ("in a client call", "in a large push")
#: The runtime calls the author's code, inside a shield that no stop interrupts.
RUNTIME_CALLS = ("while logging", "at the return")
LATE = ("after the terminal message", "in atexit")
HOWS = (
    "exception",
    "SystemExit(0)",
    "KeyboardInterrupt",
    "CancelledError",
    "hostile exception",
    "os._exit(0)",
    "os._exit(7)",
    "SIGTERM",
    "SIGINT",
    "SIGKILL",
    "segmentation fault",
    "SIGSTOP",
    "close",
    "half close",
    "garbage bytes",
    "silence",
    "frozen clock",
    "no descriptors",
    "no memory",
    "no file size",
)
IMPOSSIBLE = (
    Impossible(WHO, "before the connection", "*", "the runtime connects before it imports the author's module"),
    Impossible(WHO, "before the first frame", "*", "of the author's code, only the import runs then: see *at import*"),
    Impossible(
        WHO,
        "*",
        "garbage bytes",
        "code that finds the runtime's socket and writes to it on purpose has the process's rights; a limit of the "
        "threat model",
    ),
)

#: The unread bytes that show that a large frame is on its way.
QUEUED_BYTES = 100_000
SUCCESS = End("success", 0)
STARTS = "The task cannot begin"
_RAISED = {
    "exception": "RuntimeError",
    "SystemExit(0)": "SystemExit",
    "KeyboardInterrupt": "KeyboardInterrupt",
    "CancelledError": "CancelledError",
    "hostile exception": "Hostile",
}
_DEATHS = {"os._exit(7)": 7, "SIGKILL": -signal.SIGKILL, "segmentation fault": -signal.SIGSEGV}
#: An exception of this kind in a `__str__` is logged, and the task goes on, as with Python's own logging.
_ORDINARY = ("exception", "hostile exception")


def cells() -> Iterator[Cell]:
    """All cells with the author's code."""
    for when in WHENS:
        for how in HOWS:
            if not any(impossible.covers(WHO, when, how) for impossible in IMPOSSIBLE):
                yield _cell(when, how)


def _cell(when: str, how: str) -> Cell:
    ends = _ends(when, how)
    unfrozen = None
    if when in LATE and how in _DEATHS:
        # Without a launcher, the status of the process is what it is; the terminal message was delivered before.
        unfrozen = (End("success", _DEATHS[how]),)
    return Cell(
        who=WHO,
        when=when,
        how=how,
        ends=ends,
        unfrozen=unfrozen,
        act=_act(when, how),
        is_quick=when in ("in the task", "at import")
        and how in ("exception", "os._exit(0)", "SIGTERM", "no descriptors"),
        bound_s=60.0 if how in ("silence", "SIGSTOP") else 30.0,
    )


def _ends(when: str, how: str) -> tuple[End, ...]:  # noqa: C901, PLR0912 - one case for each kind of failure
    if how == "no descriptors" and when == "at import":
        # The runtime has kept descriptors for itself. The task's own imports may fail.
        return (SUCCESS, End("failed", 0, "Too many open files"))
    if how in ("frozen clock", "no file size", "no descriptors"):
        return (SUCCESS,)
    if how == "close":
        # The runtime keeps its descriptors out of reach; if the author closes one all the same, the status says so.
        return (SUCCESS, End(None, 1))
    if when in LATE:
        if how == "SIGSTOP":
            return (SUCCESS, End("success", -signal.SIGKILL))
        return (SUCCESS,)
    if how == "half close":
        return (End(None, 1),)
    if how == "SIGSTOP":
        return (End(None, -signal.SIGKILL),)
    if how in _DEATHS:
        return (End(None, _DEATHS[how], "Fatal Python error" if how == "segmentation fault" else None),)
    if how == "os._exit(0)":
        return (End(None, 1),)
    if when == "at import":
        if how in ("SIGTERM", "SIGINT", "silence"):
            return (End(None, 1, "Stopped before the task began"),)
        return (End(None, 1, STARTS),)
    if how == "silence" and when in RUNTIME_CALLS:
        return (End("failed", 0, "stop"), End(None, -signal.SIGKILL))
    if how in ("SIGTERM", "SIGINT", "silence"):
        # A stop that arrives after the task function has returned finds a task that is over.
        return (*((SUCCESS,) if when == "at the return" else ()), End("failed", 0, "stop"))
    if how == "no memory":
        return (End("failed", 0, "MemoryError"),) if when != "while logging" else (SUCCESS, End("failed", 0))
    if when == "while logging":
        return (SUCCESS,) if how in _ORDINARY else (SUCCESS, End("failed", 0, _RAISED[how]))
    return (End("failed", 0, _RAISED[how]),)


def _act(when: str, how: str) -> Callable[[Trial], object]:
    def act(trial: Trial) -> None:
        if when in IN_HANDLER:
            _signal_in_call(trial, when)
        if how in ("silence", "SIGSTOP") and not (when in LATE and how == "silence"):
            pid = trial.reached(when)
            if how == "SIGSTOP":
                trial.wait_for(lambda: is_stopped(pid), 10.0)
            trial.process.send_signal(signal.SIGTERM)
            if when in RUNTIME_CALLS and not trial.wait_for(lambda: trial.process.poll() is not None, 6.0):
                trial.process.kill()  # as Airflow does after 5 s
            if how == "SIGSTOP":
                trial.wait_for(lambda: trial.process.poll() is not None, 2.0)
                trial.process.kill()

    return act


def _signal_in_call(trial: Trial, when: str) -> None:
    """Send the author's signal while the task waits for the supervisor, and answer after its handler began."""
    if when == "in a client call":
        trial.reply = lambda _trial, _id, body: body["type"] == "GetVariable"
        frame_id, body = trial.asked("GetVariable")
    else:
        trial.reading_comm.clear()
        frame_id, body = -1, {"type": ""}
        trial.wait_for(lambda: trial.queued() > QUEUED_BYTES)
    pid = task_pid(trial)
    if pid:
        os.kill(pid, signal.SIGUSR1)
        trial.wait_for((trial.folder / when.replace(" ", "-")).exists, 10.0)
        trial.wait_for(lambda: False, 0.3)
    trial.reading_comm.set()
    if frame_id > 0:
        trial.answer(frame_id, body)


def task_pid(trial: Trial) -> int:
    """The process in which the task runs: the started one, or its only child."""
    children = f"/proc/{trial.process.pid}/task/{trial.process.pid}/children"
    with suppress(OSError), open(children) as file:  # noqa: PTH123
        pids = file.read().split()
        return int(pids[0]) if pids else trial.process.pid
    return 0


def is_stopped(pid: int) -> bool:
    return _state(pid) == "T"


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "T" if pid == 0 else "?"
