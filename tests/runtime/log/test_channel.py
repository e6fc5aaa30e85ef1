"""The log channel before it is connected, while it is connected, and after the socket breaks."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from dagfloe.cancellation import Cancellation
from dagfloe.masking import Secrets
from dagfloe.runtime.log import channel as logs
from dagfloe.runtime.log.channel import ChannelHandler, LogChannel
from dagfloe.runtime.log.levels import Levels
from support.peer import DEADLINE_S

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
from dagfloe.runtime.log.channel import ChannelHandler, LogChannel
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
    """The number of stored lines is limited; further lines go to stderr."""
    monkeypatch.setattr(logs, "MAX_PENDING_LINES", 2)
    channel = LogChannel(Cancellation(), Secrets(), stderr[1])
    for number in range(3):
        channel.log(logging.INFO, "x", str(number))
    assert events(os.read(stderr[0], 10_000)) == ["2"]


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
