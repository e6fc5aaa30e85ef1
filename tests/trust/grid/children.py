"""The cells with processes that the task starts."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from trust.grid.authors import SUCCESS
from trust.grid.cell import Cell, End, Impossible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trust.grid.trial import Seen, Trial

WHO = "a process that the task starts"
WHENS = ("in the task", "at the return", "after the terminal message", "at SIGTERM", "at SIGKILL")
LEFT = (
    "fork: Pool",
    "spawn: Pool",
    "forkserver: Pool",
    "fork: Process",
    "spawn: Process",
    "fork: ProcessPoolExecutor",
    "spawn: ProcessPoolExecutor",
    "fork: Manager",
    "spawn: Manager",
    "os.fork: sleeps",
    "os.fork: stopped",
    "subprocess: ignores SIGTERM",
    "subprocess: own session",
    "subprocess: empty environment",
    "a daemon",
)
ENDED = (
    "os.fork: returns from the task",
    "os.fork: raises in the task",
    "os.fork: SystemExit(0)",
    "os.fork: os._exit(0)",
    "os.fork: SIGKILL",
    "os.fork: SIGTERM",
    "os.fork: closes all descriptors",
    "os.fork: dies within a log line",
    "a killed worker of a pool",
)
LATE = ("os.fork: prints after the end",)
HOWS = (*LEFT, *ENDED, *LATE)
IMPOSSIBLE = (
    *(Impossible(WHO, "in the task", how, "it does nothing while the task runs: see *at the return*") for how in LEFT),
    *(Impossible(WHO, when, how, "it has ended before") for how in ENDED for when in WHENS[1:]),
    *(Impossible(WHO, when, how, "it acts only after the end") for how in LATE for when in WHENS if when != WHENS[2]),
    *(Impossible(WHO, WHENS[2], how, "it is ended before or right then: see *at the return*") for how in LEFT),
)


def cells() -> Iterator[Cell]:
    """All cells with processes that the task starts."""
    for when in WHENS:
        for how in HOWS:
            if not any(impossible.covers(WHO, when, how) for impossible in IMPOSSIBLE):
                yield _cell(when, how)


def _cell(when: str, how: str) -> Cell:
    ends: tuple[End, ...] = (SUCCESS,)
    if how == "a killed worker of a pool":
        ends = (End("failed", 0, "BrokenProcessPool"),)
    elif when == "at SIGTERM":
        ends = (End("failed", 0, "stop"),)
    elif when == "at SIGKILL":
        ends = (End(None, -signal.SIGKILL),)

    def act(trial: Trial) -> None:
        if when in ("at SIGTERM", "at SIGKILL"):
            trial.reply = lambda _trial, _id, body: body["type"] == "GetVariable"
            trial.asked("GetVariable")
            trial.process.send_signal(signal.SIGTERM if when == "at SIGTERM" else signal.SIGKILL)
        elif how in LATE:
            trial.asked("SucceedTask")
            trial.go("late")

    # multiprocessing joins its non-daemon processes and executors at the exit of Python: the exit grace bounds that.
    return Cell(
        who=WHO,
        when=when,
        how=how,
        ends=ends,
        task="child",
        act=act,
        leaves=how in (*LEFT, *LATE),
        check=_prints if how in LATE else _has_run,
        is_quick=when == "at the return" and how in ("fork: Pool", "os.fork: sleeps", "subprocess: ignores SIGTERM"),
    )


def _has_run(seen: Seen) -> list[str]:
    return [] if "the task runs" in seen.text() else ["the task did not run"]


def _prints(seen: Seen) -> list[str]:
    return [] if "from a late child" in seen.text() else ["the late child's line is lost"]
