"""A task whose logs and stderr nobody reads: it can be stopped, its time limit holds, and it ends."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from support.peer import Peer, until, write_project

TALK = "\n    for number in range(2400): log.info('%d %s', number, 'x' * 10_000)"


@pytest.mark.parametrize("swallow", [False, True], ids=["raised", "swallowed"])
def test_time_limit(tmp_path: Path, *, swallow: bool) -> None:
    """A task that logs 24 MB ends at its time limit, although it waits for the logs to be read."""
    talk = (
        f"\n    try:{TALK.replace(chr(10), chr(10) + '    ')}\n    except TaskTimeout: pass{TALK}" if swallow else TALK
    )
    tasks = f"import datetime\n@dag.task(execution_timeout=datetime.timedelta(seconds=1))\ndef t():{talk}"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["state"] == "failed"
        *lines, _half = peer.logs.makefile("rb").read().split(b"\n")
        assert [json.loads(line)["event"].split()[0] for line in lines] == [str(number) for number in range(len(lines))]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop(tmp_path: Path, number: signal.Signals) -> None:
    """A stop gets through to a task that waits for the logs to be read."""
    with Peer(write_project(tmp_path, f"@dag.task\ndef t():{TALK}")) as peer:
        peer.start()
        until(lambda: peer.logs.recv(100, socket.MSG_PEEK), "a log line")
        until(lambda: "poll" in Path(f"/proc/{peer.process.pid}/wchan").read_text(), "a task that waits")
        peer.process.send_signal(number)
        assert peer.finish()["state"] == "failed"
