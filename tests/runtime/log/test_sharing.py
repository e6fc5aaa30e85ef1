"""Several processes that write to one logs socket, and what happens when they die, stop or close files."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from dagfloe.cancellation import Cancellation
from dagfloe.masking import Secrets
from dagfloe.runtime.log import channel as channel_module
from dagfloe.runtime.log.channel import LogChannel
from support.peer import DEADLINE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINE = b'{"event": "%s", "x": "' + b"x" * 4_000_000 + b'"}\n'  # longer than what the socket takes at once


class Shared:
    """A shared channel, its peer, and a pipe that replaces stderr."""

    def __init__(self) -> None:
        ours, self.peer = socket.socketpair()
        self.peer.settimeout(DEADLINE_S)
        self.stderr, self.stderr_writer = os.pipe()
        self.channel = LogChannel(Cancellation(), Secrets(), self.stderr_writer)
        self.channel.connect(ours)
        self.channel.share()
        self._children: list[int] = []

    def fork(self, work: Callable[[], object]) -> int:
        """Start a child that does something, and then sleeps. Return its pid when it sleeps."""
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            with suppress(BaseException):
                self.channel.after_fork()
                work()
                os.write(writer, b".")
                signal.pause()
            os._exit(1)
        os.close(writer)
        assert os.read(reader, 1) == b"."
        os.close(reader)
        self._children.append(pid)
        return pid

    def kill(self, pid: int) -> None:
        """Kill a child, and wait for its end."""
        self._children.remove(pid)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def stop(self, pid: int) -> None:
        """Stop a child."""
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)

    def add(self, line: bytes) -> None:
        """Send what can be sent at once of a line."""
        with self.channel.lock:
            self.channel.add(line)

    def read(self, to: bytes) -> bytes:
        """Read from the socket up to some bytes."""
        data = bytearray()
        while not data.endswith(to):
            data += self.peer.recv(1 << 20)
        return bytes(data)

    def close(self) -> None:
        """Kill the children, and close everything."""
        for pid in self._children[:]:
            self.kill(pid)
        self.peer.close()
        self.channel.close()
        os.close(self.stderr)
        os.close(self.stderr_writer)


@pytest.fixture
def shared() -> Iterator[Shared]:
    """A shared channel."""
    shared = Shared()
    yield shared
    shared.close()


def test_killed_in_the_middle_of_a_line(shared: Shared) -> None:
    """The line that a killed process has left half written is ended. The next line is whole."""

    def work() -> None:
        shared.add(LINE % b"child")

    shared.kill(shared.fork(work))
    writer = threading.Thread(target=shared.channel.log, args=(logging.INFO, "x", "parent"))
    writer.start()
    half, line = shared.read(b'"parent"}\n').splitlines()
    writer.join(DEADLINE_S)
    assert half.startswith(b'{"event": "child"')
    assert not half.endswith(b"}")
    assert json.loads(line)["event"] == "parent"


def test_stopped_in_the_middle_of_a_line(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is stopped while it holds the lock delays others only once. Their lines go to stderr meanwhile."""
    monkeypatch.setattr(channel_module, "LOCK_TIMEOUT_S", 0.2)

    def work() -> None:
        signal.signal(signal.SIGUSR1, lambda *_: shared.channel.wait())
        shared.add(LINE % b"child")

    child = shared.fork(work)
    shared.stop(child)
    shared.peer.setblocking(False)
    data = b""
    with suppress(BlockingIOError):
        while True:
            data += shared.peer.recv(1 << 20)
    shared.peer.settimeout(DEADLINE_S)
    for number in range(3):
        shared.channel.log(logging.INFO, "x", f"parent {number}")
    lines = os.read(shared.stderr, 1 << 16).splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["parent 0", "parent 1", "parent 2"]
    os.kill(child, signal.SIGUSR1)
    os.kill(child, signal.SIGCONT)
    data += shared.read(b"}\n")
    assert data == LINE % b"child"
    until(lambda: _sends(shared), "a line on the socket")


def _sends(shared: Shared) -> bool:
    """Log a line, and return whether it is on the socket."""
    shared.channel.log(logging.INFO, "x", "again")
    shared.peer.setblocking(False)
    try:
        return bool(json.loads(shared.peer.recv(1 << 16).splitlines()[0])["event"] == "again")
    except BlockingIOError:
        return False


def test_waits_while_another_process_waits_for_the_peer(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that holds the lock because the supervisor does not read is not given up."""
    monkeypatch.setattr(channel_module, "LOCK_TIMEOUT_S", 0.2)

    def work() -> None:
        shared.add(LINE % b"child")
        threading.Thread(target=shared.channel.wait).start()

    shared.fork(work)
    writer = threading.Thread(target=shared.channel.log, args=(logging.INFO, "x", "parent"))
    writer.start()
    writer.join(1)
    assert writer.is_alive()
    first, second = shared.read(b'"parent"}\n').splitlines()
    assert (json.loads(first)["event"], json.loads(second)["event"]) == ("child", "parent")
    writer.join(DEADLINE_S)


def test_closed_files(shared: Shared) -> None:
    """A child that closes all files, as daemons do, logs to stderr, and writes nothing to what it opens instead."""
    own, other = socket.socketpair()
    other.setblocking(False)
    pid = os.fork()
    if not pid:
        with suppress(BaseException):
            shared.channel.after_fork()
            for number in {*range(3, 64)} - {own.fileno(), shared.stderr_writer}:
                os.dup2(own.fileno(), number)
            for number in range(3):
                shared.channel.log(logging.INFO, "x", f"daemon {number}")
            os._exit(0)
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    lines = os.read(shared.stderr, 1 << 16).splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["daemon 0", "daemon 1", "daemon 2"]
    with own, other, pytest.raises(BlockingIOError):
        other.recv(1)
    shared.channel.log(logging.INFO, "x", "parent")
    assert json.loads(shared.read(b"}\n"))["event"] == "parent"


def test_without_a_lock(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system offers no file in memory, or the lock is closed, lines are sent without it."""
    monkeypatch.setattr(os, "memfd_create", lambda *_: os.open("/nowhere/at/all", os.O_RDONLY))
    ours, theirs = socket.socketpair()
    with theirs:
        channel = LogChannel(Cancellation(), Secrets(), 2)
        channel.connect(ours)
        assert channel.handover() is None
        channel.log(logging.INFO, "x", "unlocked")
        assert json.loads(theirs.recv(1000))["event"] == "unlocked"
        channel.close()
    handover = shared.channel.handover()
    assert handover is not None
    os.close(handover[1])
    shared.channel.log(logging.INFO, "x", "closed")
    assert json.loads(shared.read(b"}\n"))["event"] == "closed"


def test_equal_lines(shared: Shared) -> None:
    """A line that is logged twice arrives twice."""
    line = b'{"event": "again"}\n'
    shared.channel.write(line)
    shared.channel.write(line)
    assert shared.read(line + line) == line + line
