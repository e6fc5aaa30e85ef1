"""The log channel before it is connected, while it is connected, and after the socket breaks."""

from __future__ import annotations

import json
import logging
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagfloe.cancellation import Cancellation
from dagfloe.errors import TaskCancelled
from dagfloe.masking import Secrets
from dagfloe.runtime.log import channel as channel_module
from dagfloe.runtime.log import outlet
from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.handler import ChannelHandler
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.process.signals import StopSignals
from support.peer import DEADLINE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stderr() -> Iterator[tuple[int, int]]:
    """A pipe that replaces stderr."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The runtime's end of the logs socket, and the supervisor's end."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(DEADLINE_S)
    with ours, theirs:
        yield ours, theirs


def events(data: bytes) -> list[str]:
    """The events of JSON lines."""
    return [json.loads(line)["event"] for line in data.splitlines()]


def read_all(sock: socket.socket) -> bytes:
    """Read everything up to the end of the stream."""
    with sock.makefile("rb") as file:
        return file.read()


def test_lines_before_the_connection_come_first(
    pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]
) -> None:
    """Lines from before the connection are sent first, in order."""
    ours, theirs = pair
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    for number in range(5):
        channel.log(logging.INFO, "x", f"early {number}")
    channel.connect(ours)
    channel.log(logging.INFO, "x", "late")
    channel.close()
    assert events(read_all(theirs)) == [*(f"early {number}" for number in range(5)), "late"]


@pytest.mark.parametrize("is_read", [True, False], ids=["read", "unread"])
def test_records_arrive_although_the_process_is_killed(*, is_read: bool) -> None:
    """The kernel delivers all log lines of a killed process, whether the supervisor reads at once or afterwards."""
    program = """
import logging, os, signal, sys
from dagfloe.cancellation import Cancellation
from dagfloe.runtime.wire.addresses import Address
from dagfloe.runtime.wire.dial import dial_both
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.handler import ChannelHandler
from dagfloe.masking import Secrets

there = Address(host="127.0.0.1", port=int(sys.argv[1]))
comm, logs = dial_both(there, there)
comm.close()
channel = LogChannel(Cancellation(), Secrets())
channel.connect(logs)
ChannelHandler(channel, Levels.from_environment({})).install()
for number in range(5000):
    logging.getLogger("many").info("record %d", number)
os.kill(os.getpid(), signal.SIGKILL)
"""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        process = subprocess.Popen([sys.executable, "-c", program, str(server.getsockname()[1])])
        with server.accept()[0] as first, server.accept()[0] as second:
            readers = [
                threading.Thread(target=lambda sock=sock: received.append(read_all(sock)), daemon=True)
                for sock in (first, second)
            ]
            if not is_read:
                assert process.wait(DEADLINE_S) == -signal.SIGKILL
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join(DEADLINE_S)
        assert process.wait(DEADLINE_S) == -signal.SIGKILL
    assert events(b"".join(received)) == [f"record {number}" for number in range(5000)]


def test_without_a_connection_lines_go_to_stderr(stderr: tuple[int, int]) -> None:
    """Without a connection, all lines go to stderr."""
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    channel.log(logging.INFO, "x", "kept")
    channel.close()
    channel.log(logging.INFO, "x", "later")
    assert events(os.read(stderr[0], 10_000)) == ["kept", "later"]


def test_stored_lines_are_limited(monkeypatch: pytest.MonkeyPatch, stderr: tuple[int, int]) -> None:
    """The stored lines are limited; the number of those that do not fit is logged at the end."""
    monkeypatch.setattr(outlet, "MAX_QUEUE_BYTES", 100)
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    for number in range(3):
        channel.log(logging.INFO, "x", str(number) * 100)
    channel.close()
    assert events(os.read(stderr[0], 10_000)) == ["0" * 100, "2 log lines are lost, because nobody read them in time"]


def test_peer_that_does_not_read(pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]) -> None:
    """If the supervisor does not read the logs in time, lines go to stderr and the task continues."""
    ours, _ = pair
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    channel.connect(ours, write_timeout_s=0.05)
    for _ in range(1000):
        channel.log(logging.INFO, "x", "y" * 1000)
        if ours.fileno() == -1:
            break
    assert events(os.read(stderr[0], 10_000)) == ["y" * 1000]
    channel.close()


def test_line_that_was_sent_in_part(pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]) -> None:
    """When the socket is given up in the middle of a line, the whole line goes to stderr, and no earlier one."""
    ours, theirs = pair
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    channel.connect(ours, write_timeout_s=0.05)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.extend(iter(lambda: os.read(stderr[0], 1 << 16), b"")))
    reader.start()
    with channel.shield, channel.lock:
        channel.add(b"".join(b'{"event": "%d", "x": "%s"}\n' % (number, b"y" * 50_000) for number in range(100)))
    channel.wait()
    channel.close()
    os.dup2(os.open(os.devnull, os.O_WRONLY), stderr[1])
    reader.join(DEADLINE_S)
    *whole, half = read_all(theirs).split(b"\n")
    assert half
    assert events(b"\n".join(whole)) + events(b"".join(received)) == [str(number) for number in range(100)]


def test_nobody_reads_anything(pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]) -> None:
    """If nobody reads the logs and stderr, one deadline ends all waiting. The lines that are lost are counted."""
    ours, _ = pair
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    channel.connect(ours, write_timeout_s=0.05)
    for number in range(300):
        channel.log(logging.INFO, "x", f"{number:04}" * 10_000)
    channel.finish()
    left = b""
    while select.select([stderr[0]], [], [], 0)[0]:
        left += os.read(stderr[0], 1 << 16)
    channel.log(logging.INFO, "x", "after")
    channel.finish()
    *whole, cut, after, lost = (left + os.read(stderr[0], 1 << 16)).split(b"\n")[:-1]
    assert json.loads(after)["event"] == "after"
    assert '"level": "warning"' in lost.decode()
    count = re.fullmatch(r"(\d+) log lines are lost, because nobody read them in time", json.loads(lost)["event"])
    assert count is not None
    assert 100 < int(count[1]) < 300
    assert all(json.loads(line) for line in whole)
    assert cut


def test_stop_gets_through_although_nobody_reads(pair: tuple[socket.socket, socket.socket]) -> None:
    """A stop interrupts a task that waits for the logs to be read. What it logs then does not wait much longer."""
    ours, theirs = pair
    cancellation = Cancellation()
    with Path(os.devnull).open("wb") as stderr, StopSignals(cancellation):
        channel = LogChannel(cancellation, Secrets(), stderr.fileno())
        channel.connect(ours, write_timeout_s=1000)
        poller = select.poll()
        poller.register(ours, select.POLLOUT)

        def stop() -> None:
            until(lambda: not poller.poll(0), "a full socket")
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

        stopper = threading.Thread(target=stop)
        stopper.start()
        cancellation.arm()
        with pytest.raises(TaskCancelled):
            channel.write(b"".join(b'{"x": "%s"}\n' % (b"x" * 10_000) for _ in range(1000)))
        stopper.join(DEADLINE_S)
        cancellation.is_armed = False
        channel.log(logging.ERROR, "x", "stopped")
        channel.close()
    assert read_all(theirs)


class _AlarmError(Exception):
    pass


@pytest.mark.usefixtures("untraced")
def test_alarms_that_raise_tear_no_line(pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]) -> None:
    """If the author's handler of SIGALRM raises during a write, every line arrives whole, and once."""
    ours, theirs = pair
    received: list[bytes] = []

    def read() -> None:
        while data := theirs.recv(1 << 12):
            received.append(data)

    def ring(*_: object) -> None:
        raise _AlarmError

    reader = threading.Thread(target=read)
    reader.start()
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    channel.connect(ours)
    written, alarms = set(), 0
    before = signal.signal(signal.SIGALRM, ring)
    for number in range(10_000):
        if alarms == 30:
            break
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0001 * (1 + number % 40))
            channel.log(logging.INFO, "x", f"{number:04}" * 10_000)
            signal.setitimer(signal.ITIMER_REAL, 0)
            written.add(f"{number:04}")
        except _AlarmError:
            alarms += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    channel.close()
    reader.join(DEADLINE_S)
    arrived = events(b"".join(received))
    assert alarms == 30
    assert all(event == event[:4] * 10_000 for event in arrived)
    numbers = [event[:4] for event in arrived]
    assert len(set(numbers)) == len(numbers)
    assert written <= set(numbers)


def test_frozen_clock(pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]) -> None:
    """A library that freezes the time does not make the deadlines endless."""
    ours, _ = pair
    with pytest.MonkeyPatch.context() as patch:
        channel = LogChannel(Cancellation(), Secrets(), stderr[1])
        channel.connect(ours, write_timeout_s=0.05)
        for module in (time, outlet, channel_module):
            for name in ("monotonic", "time"):
                patch.setattr(module, name, lambda: 1_000_000.0, raising=False)
        for number in range(300):
            channel.log(logging.INFO, "x", f"{number:04}" * 10_000)
        channel.finish()
    assert os.read(stderr[0], 100)


def test_forked_child_sends_nothing_twice(pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]) -> None:
    """A forked child leaves it to its parent to send the lines that waited during the fork."""
    ours, theirs = pair
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    channel.connect(ours)
    channel.share()
    with channel.shield, channel.lock:
        assert channel.add(b"".join(b'{"event": "%d", "x": "%s"}\n' % (number, b"y" * 50_000) for number in range(20)))
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(read_all(theirs)))
    pid = os.fork()
    if not pid:
        channel.after_fork()
        channel.log(logging.INFO, "x", "child")
        channel.finish()
        os._exit(0)
    reader.start()
    channel.wait()
    os.waitpid(pid, 0)
    channel.close()
    reader.join(DEADLINE_S)
    arrived = events(b"".join(received))
    assert sorted(arrived) == sorted([*map(str, range(20)), "child"])
    assert arrived.index("child") >= 1


def test_closed_stderr_is_no_error(pair: tuple[socket.socket, socket.socket]) -> None:
    """Writing a line is not an error even if stderr is closed."""
    reader, writer = os.pipe()
    os.close(reader)
    channel = LogChannel(Cancellation(), Secrets(), writer)
    channel.close()
    channel.log(logging.INFO, "x", "into the void")
    os.close(writer)


def test_threads_do_not_mix_lines(pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]) -> None:
    """Lines of several threads arrive whole."""
    ours, theirs = pair
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    channel.connect(ours)

    def talk(name: str) -> None:
        for _ in range(200):
            channel.log(logging.INFO, name, name * 500)

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(read_all(theirs)), daemon=True)
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    channel.close()
    reader.join(DEADLINE_S)
    lines = [json.loads(line) for line in received[0].splitlines()]
    assert len(lines) == 800
    assert all(line["event"] == line["logger"] * 500 for line in lines)


def test_handler_filters_and_restores(pair: tuple[socket.socket, socket.socket], stderr: tuple[int, int]) -> None:
    """The handler sends enabled records, whatever level a library sets on its own logger. It can be uninstalled."""
    ours, theirs = pair
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    channel.connect(ours)
    handler = ChannelHandler(channel, Levels(logging.INFO, {"wordy": logging.DEBUG, "terse.x": logging.ERROR}))
    root_level, library = logging.getLogger().level, logging.getLogger("library")
    hook = threading.excepthook
    handler.install()
    handler.install()
    library.setLevel(logging.DEBUG)
    library.debug("unwanted")
    library.info("wanted")
    logging.getLogger("wordy.part").debug("wanted too")
    logging.getLogger("terse.x").warning("unwanted")
    handler.uninstall()
    logging.getLogger().setLevel(root_level)
    library.error("gone")
    threading.excepthook = hook
    channel.close()
    assert events(read_all(theirs)) == ["wanted", "wanted too"]
