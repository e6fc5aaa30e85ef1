"""Watching the supervisor and the parent process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dagfloe.runtime.process.signals import PeerWatch
from support.peer import DEADLINE_S


@pytest.mark.parametrize("peer", ["supervisor", "parent"])
def test_watch_reports_the_end(peer: str) -> None:
    """The end of the supervisor's socket or of the parent process is reported once. Then the process is ended."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    reasons: list[str] = []
    ended = threading.Event()
    with ours, theirs, PeerWatch(ours.fileno(), os.pidfd_open(process.pid), ended.set, grace_s=0.05) as watch:
        watch.notify(reasons.append)
        theirs.sendall(b"unread data is none of its business")
        if peer == "supervisor":
            theirs.shutdown(socket.SHUT_WR)
        else:
            process.kill()
        assert ended.wait(DEADLINE_S)
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    assert len(reasons) == 1
    assert peer in reasons[0]


def test_closed_watch_reports_nothing() -> None:
    """A closed watch reports nothing and leaves no thread and no descriptor."""
    ours, theirs = socket.socketpair()
    before = set(map(str, Path("/proc/self/fd").iterdir()))
    reasons: list[str] = []
    with PeerWatch(ours.fileno(), None, lambda: reasons.append("left")) as watch:
        watch.notify(reasons.append)
    assert set(map(str, Path("/proc/self/fd").iterdir())) == before
    ours.close()
    theirs.close()
    assert reasons == []
    assert not [thread for thread in threading.enumerate() if thread.name == "dagfloe-watch"]


def test_task_that_ends_in_time_is_not_killed() -> None:
    """If the task ends within the grace period, the process is not killed."""
    ours, theirs = socket.socketpair()
    notified, ended = threading.Event(), threading.Event()
    with ours, PeerWatch(ours.fileno(), None, ended.set, grace_s=DEADLINE_S) as watch:
        watch.notify(lambda _: notified.set())
        theirs.close()
        assert notified.wait(DEADLINE_S)
    assert not ended.is_set()


def test_end_before_the_task_begins() -> None:
    """If the supervisor ends before the task begins, the task is stopped as soon as it begins."""
    ours, theirs = socket.socketpair()
    reasons: list[str] = []
    ended = threading.Event()
    with ours, PeerWatch(ours.fileno(), None, ended.set, grace_s=0) as watch:
        theirs.close()
        assert ended.wait(DEADLINE_S)
        assert reasons == []
        watch.notify(reasons.append)
        assert reasons == ["the supervisor is gone"]
