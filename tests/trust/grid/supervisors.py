"""The cells in which the supervisor fails: its comm side, its logs side, its process; and what signals the bundle."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING, Any

from support.peer import pack
from trust.grid.authors import LATE, QUEUED_BYTES, SUCCESS, WHENS, is_stopped
from trust.grid.cell import Cell, End, Impossible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trust.grid.trial import Trial

COMM = "the supervisor's comm side"
LOGS = "the supervisor's logs side"
SUPERVISOR = "the supervisor's process"
STARTED = "the started process"
COMM_HOWS = ("close", "half close", "garbage bytes", "silence", "slow", "error reply")
LOGS_HOWS = ("close", "half close", "silence", "silence, then SIGTERM", "slow")
SUPERVISOR_HOWS = ("SIGKILL", "SIGSTOP for 2 s")
STARTED_HOWS = ("SIGTERM", "SIGINT", "SIGTERM twice", "SIGKILL", "SIGSTOP, then SIGKILL")
HOWS = {COMM: COMM_HOWS, LOGS: LOGS_HOWS, SUPERVISOR: SUPERVISOR_HOWS, STARTED: STARTED_HOWS}
_BEFORE = "before the connection"
_NOT_READ = ("at import", "in the task", "while logging")
IMPOSSIBLE = (
    *(Impossible(COMM, _BEFORE, how, "there is no connection that could fail so") for how in COMM_HOWS[1:]),
    *(Impossible(LOGS, _BEFORE, how, "there is no connection that could fail so") for how in LOGS_HOWS[1:]),
    *(
        Impossible(COMM, when, how, "the task does not wait for the supervisor then: see *in a client call*")
        for when in _NOT_READ
        for how in ("silence", "slow", "error reply")
    ),
    Impossible(COMM, "before the first frame", "error reply", "nothing was asked"),
    Impossible(COMM, "in a large push", "error reply", "a frame is answered when it was read: see *in a client call*"),
    *(
        Impossible(COMM, when, how, "the runtime has closed the socket, and expects nothing more")
        for when in LATE
        for how in COMM_HOWS
        if how not in ("close", "half close")
    ),
    *(
        Impossible(LOGS, when, how, "an unread socket matters only while something is logged: see *while logging*")
        for when in WHENS
        if when not in (_BEFORE, "while logging")
        for how in ("silence", "silence, then SIGTERM", "slow")
    ),
    Impossible(SUPERVISOR, _BEFORE, "SIGKILL", "nobody listens then: see the comm side, *close*"),
    Impossible(
        SUPERVISOR, _BEFORE, "SIGSTOP for 2 s", "the kernel accepts the connection: see *before the first frame*"
    ),
)
_SHORT = {"DAGFLOE_REPLY_TIMEOUT_S": "2"}
GONE = (End(None, 1),)
FAILED = (End("failed", 0),)


def cells() -> Iterator[Cell]:
    """All cells with the supervisor and the started process."""
    for who, hows in HOWS.items():
        for when in WHENS:
            for how in hows:
                if not any(impossible.covers(who, when, how) for impossible in IMPOSSIBLE):
                    yield _MAKERS[who](when, how)


def _comm(when: str, how: str) -> Cell:
    ends = _comm_ends(when, how)
    start: dict[str, object] = {}
    if when == _BEFORE:
        start = {"listen": (False, True)}
    elif how == "silence":
        start = {"env": _SHORT}
    return Cell(
        who=COMM,
        when=when,
        how=how,
        ends=ends,
        task="stages",
        act=_at(when, lambda trial: None if when == _BEFORE else _break_comm(trial, when, how)),
        start=start,
        bound_s=60.0,
        is_quick=how == "close" and when in ("in the task", "in a client call", "at the return"),
    )


def _comm_ends(when: str, how: str) -> tuple[End, ...]:
    if when == _BEFORE:
        return (End(None, 1, "cannot connect to the supervisor"),)
    if when in LATE or how == "slow":
        return (SUCCESS,)
    if when == "at the return":
        # The message arrived, but its confirmation did not. A broken connection leaves that open, so the status is 1.
        return (SUCCESS,) if how in ("silence", "error reply") else (End("success", 1),)
    if how == "error reply":
        return (End("failed", 0, "Task failed"),)
    if how == "silence":
        if when == "before the first frame":
            return (End(None, 1, "to send its first frame"),)
        if when == "in a large push":
            return (End(None, 1),)
        return (End("failed", 0, "took more than 2 s"),)
    if when in _NOT_READ or (how == "half close" and when == "in a client call"):
        # The terminal message may have arrived before the runtime notices. The status decides all the same.
        return (*GONE, End("failed", 1), End("success", 1))
    return GONE


def _break_comm(trial: Trial, when: str, how: str) -> None:
    assert trial.wait_for(lambda: trial.comm)
    assert trial.comm
    if how == "close":
        trial.comm.shutdown(socket.SHUT_RDWR)
    elif how == "half close":
        trial.comm.shutdown(socket.SHUT_WR)
    elif how == "garbage bytes":
        trial.send(b"\xff\xff\xff\xf0 this is not a frame" + bytes(range(256)))
    elif how == "error reply":
        error = {"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": {"status_code": 500, "message": "no"}}
        for frame_id, _body in trial.requests:
            trial.send(pack([frame_id, None, error]))
    if how in ("close", "half close", "garbage bytes") or (how == "error reply" and when != "in a large push"):
        trial.go()


def _at(when: str, fail: Callable[[Trial], object]) -> Callable[[Trial], object]:
    """Bring the task to a moment, and let something fail there."""

    def act(trial: Trial) -> None:
        if when == "before the first frame":
            trial.answering.clear()
            assert trial.wait_for(lambda: trial.comm or trial.process.poll() is not None)
            fail(trial)
            trial.go()
        elif when in ("in a client call", "at the return"):
            kind = "GetVariable" if when == "in a client call" else "SucceedTask"
            trial.reply = lambda _trial, _id, body: body["type"] == kind
            trial.asked(kind)
            fail(trial)
        elif when == "in a large push":
            trial.reading_comm.clear()
            assert trial.wait_for(lambda: trial.queued() > QUEUED_BYTES or trial.process.poll() is not None)
            fail(trial)
        elif when == _BEFORE:
            fail(trial)
        else:
            trial.reached(when)
            fail(trial)

    return act


def _slow(trial: Trial, when: str) -> None:
    """Let the supervisor be slow, in the way that the moment allows."""
    if when == "in a large push":
        trial.pause_s = 0.02
    else:
        trial.wait_for(lambda: False, 3.0)
    _resume(trial)


def _logs(when: str, how: str) -> Cell:
    is_stopped_early = how == "silence, then SIGTERM"
    end = End("failed", 0) if is_stopped_early else SUCCESS
    if when == _BEFORE:
        end = End(None, 1, "cannot connect to the supervisor")
    return Cell(
        who=LOGS,
        when=when,
        how=how,
        ends=(end,),
        task="stages",
        act=_at(when, lambda trial: _break_logs(trial, how)),
        start={"listen": (True, False)} if when == _BEFORE else {},
        bound_s=60.0,
        cuts_logs=True,
        is_quick=when in ("in the task", "while logging") and how in ("close", "silence, then SIGTERM"),
    )


def _break_logs(trial: Trial, how: str) -> None:
    assert trial.wait_for(lambda: trial.logs or trial.process.poll() is not None)
    if trial.logs is None:
        return
    if how == "close":
        trial.logs.shutdown(socket.SHUT_RDWR)
    elif how == "half close":
        trial.logs.shutdown(socket.SHUT_WR)
    else:
        trial.reading_logs.clear()
        trial.wait_for(lambda: False, 3.0)
        if how == "silence, then SIGTERM":
            trial.process.send_signal(signal.SIGTERM)
            return
        trial.reading_logs.set()
    _resume(trial)


def _resume(trial: Trial) -> None:
    """Let everything go on that waits."""
    trial.reply = lambda _trial, _id, _body: False
    trial.answering.set()
    trial.reading_comm.set()
    trial.go()
    for frame_id, body in list(trial.requests):
        trial.answer(frame_id, body)


def _supervisor(when: str, how: str) -> Cell:
    kills = how == "SIGKILL"
    return Cell(
        who=SUPERVISOR,
        when=when,
        how=how,
        ends=(End(None, None) if kills else SUCCESS,),
        task="stages",
        start={"supervisor": signal.SIGKILL if kills else signal.SIGSTOP},
        bound_s=60.0,
        is_quick=kills and when in ("in the task", "in a large push"),
    )


def _started(when: str, how: str) -> Cell:
    number = {"SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}.get(how.partition(" ")[0].strip(","))

    def fail(trial: Trial) -> None:
        if when == _BEFORE and number is not None:
            trial.wait_for(lambda: False, 0.02)
        if number is not None:
            trial.process.send_signal(number)
            if how == "SIGTERM twice":
                trial.wait_for(lambda: False, 0.1)
                if trial.process.poll() is None:
                    trial.process.send_signal(number)
            trial.reading_comm.set()  # a supervisor that stops a task reads what it sends
            if when in LATE:
                trial.go()
            if when == "at the return":
                trial.wait_for(lambda: False, 0.5)
                for frame_id, body in list(trial.requests):
                    trial.answer(frame_id, body)
            return
        if how.startswith("SIGSTOP"):
            trial.process.send_signal(signal.SIGSTOP)
            trial.wait_for(lambda: is_stopped(trial.process.pid), 10.0)
        trial.process.kill()

    return Cell(
        who=STARTED,
        when=when,
        how=how,
        ends=_started_ends(when, how),
        task="stages",
        act=_at(when, fail),
        bound_s=60.0,
        is_quick=when == "in the task",
    )


def _started_ends(when: str, how: str) -> tuple[End, ...]:
    if "SIGKILL" in how:
        state = "success" if when in (*LATE, "at the return") else None
        return (End(state, -signal.SIGKILL),)
    if when == _BEFORE:
        # A signal that is there before the program can handle it ends the program.
        return (End(None, -signal.SIGTERM), End(None, -signal.SIGINT), End(None, 1))
    if when in ("at import", "before the first frame"):
        return (End(None, 1, "Stopped before the task began"),)
    return (SUCCESS,) if when in (*LATE, "at the return") else (End("failed", 0, "stop"),)


_MAKERS: dict[str, Callable[[str, str], Cell]] = {
    COMM: lambda when, how: _comm_slow(when) if how == "slow" else _comm(when, how),
    LOGS: _logs,
    SUPERVISOR: _supervisor,
    STARTED: _started,
}


def _comm_slow(when: str) -> Cell:
    return Cell(
        who=COMM,
        when=when,
        how="slow",
        ends=(SUCCESS,),
        task="stages",
        act=_at(when, lambda trial: _slow(trial, when)),
        bound_s=60.0,
    )


def be_supervisor(arguments: dict[str, Any]) -> None:
    """Be a supervisor of its own process until somebody kills it; print what was seen if nobody does."""
    import json  # noqa: PLC0415 - only in this process
    import sys  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from trust.grid.trial import Trial  # noqa: PLC0415

    folder, when = Path(arguments["folder"]), arguments["when"]
    with Trial(arguments["command"], folder, "stages", when, "") as trial:
        (folder / "mark").write_text(trial.mark)

        def arrive(_trial: Trial) -> None:
            (folder / "arrived").write_text(str(os.getpid()))
            trial.wait_for((folder / "resumed").exists)
            _resume(trial)

        _at(when, arrive)(trial)
        seen = trial.finish(60.0)
        sys.stdout.write(
            json.dumps(
                {
                    "status": seen.status,
                    "terminal": [body.get("state", body["type"]) for body in seen.terminal],
                    "torn": len(seen.torn_lines()),
                    "processes": seen.processes,
                    "files": seen.files,
                }
            )
        )


if __name__ == "__main__":
    import json
    import sys

    be_supervisor(json.loads(sys.argv[1]))
