"""Text streams whose lines become log records."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.cancellation import Cancellation
from dagfloe.errors import TaskCancelled
from dagfloe.masking import Secrets
from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.sanitizer import MAX_STRING_LENGTH
from dagfloe.runtime.log.streams import LineStream, line_stream
from dagfloe.runtime.process.signals import StopSignals
from support.peer import DEADLINE_S
from support.strategies import pieces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def record(action: Callable[[LineStream], object], secrets: Secrets | None = None) -> list[str]:
    """The events of the records that an action writes to a stream."""
    with TemporaryFile() as file:
        channel = LogChannel(Cancellation(), secrets or Secrets(), file.fileno())
        stream = line_stream(channel, 1, logging.INFO, "task.stdout")
        action(stream)
        stream.finish()
        channel.close()
        file.seek(0)
        return [json.loads(line)["event"] for line in file]


def as_on_a_terminal(text: bytes) -> list[str]:
    """The lines that a terminal shows, without the parts that a carriage return overwrites."""
    *lines, rest = text.split(b"\n")
    return [
        line.rstrip(b"\r").split(b"\r")[-1].decode("utf-8", "backslashreplace")
        for line in (*lines, *([rest] if rest else []))
    ]


written_bytes = st.lists(
    st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"50 %", "é".encode(), "€".encode()[:2], b"\xff", b" "]), max_size=12
).map(b"".join)


@given(st.data(), written_bytes)
def test_splits_do_not_matter(data: st.DataObject, text: bytes) -> None:
    """However the output is split into writes, the records are its lines. An unfinished line comes last."""
    pieces = data.draw(pieces_of(text))

    def write(stream: LineStream) -> None:
        for piece in pieces:
            assert stream.buffer.write(piece) == len(piece)

    assert record(write) == as_on_a_terminal(text)


@given(st.lists(st.text(st.characters(), max_size=5)))
def test_any_string_can_be_printed(texts: list[str]) -> None:
    """Any string can be printed, also one with lone surrogates."""
    whole = "".join(texts)
    expected = as_on_a_terminal(whole.encode("utf-8", "backslashreplace"))
    assert record(lambda stream: [stream.write(text) for text in texts]) == expected


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("a\nb\n", ["a", "b"]),
        ("\n", [""]),
        ("a\r\nb\r\r\n", ["a", "b"]),
        ("10 %\r50 %\r100 %\ndone", ["100 %", "done"]),
        ("10 %\r50 %\r", ["50 %"]),
        ("", []),
    ],
)
def test_lines(text: str, events: list[str]) -> None:
    """A line is a record, and reads as it would on a terminal."""
    assert record(lambda stream: stream.write(text)) == events
    assert record(lambda stream: [stream.write(character) for character in text]) == events


def test_newline_after_an_unfinished_line_that_was_sent() -> None:
    """It ends that line, and makes no empty one: `print` writes it on its own, and a finish may come in between."""

    def write(stream: LineStream) -> None:
        stream.write("a")
        stream.finish()
        stream.write("\n")
        stream.write("b")
        stream.finish()
        stream.finish()
        stream.write("c\n")
        stream.write("\n")

    assert record(write) == ["a", "b", "c", ""]


def test_print_and_binary_writes_share_a_line() -> None:
    """Writes to the stream and to its binary buffer arrive in order."""

    def write(stream: LineStream) -> None:
        buffer: Any = stream.buffer
        print("a", 1, end="", file=stream)
        buffer.write(b"\xc3")
        buffer.write(bytearray(b"\xa9"))
        buffer.write(memoryview(b"!?"))
        print(file=stream)

    assert record(write) == ["a 1é!?"]


@pytest.mark.parametrize("value", ["text", 5, None])
def test_only_bytes_go_to_the_buffer(value: Any) -> None:
    """The binary buffer accepts only bytes, as every binary file does."""
    with pytest.raises(TypeError):
        record(lambda stream: stream.buffer.write(value))


@pytest.mark.parametrize("size", [500, 300_000])
def test_long_line_arrives_in_parts(size: int) -> None:
    """A line that is too long for one record is sent in parts before it ends, without losing any of it."""
    whole = "é" + "x" * 200_000 + "\ny"
    *parts, last = record(lambda stream: [stream.write(whole[at : at + size]) for at in range(0, len(whole), size)])
    assert "".join(parts) == whole[:-2]
    assert last == "y"
    assert 4 <= len(parts) <= 8
    assert all(len(part) <= MAX_STRING_LENGTH for part in parts)


@pytest.mark.parametrize("count", range(5))
def test_long_line_that_is_written_up_to_the_middle_of_a_character(count: int) -> None:
    """A character whose bytes come in two writes stays whole, also where a long line is sent in parts."""
    whole = "x" * 200_000 + "\N{GRINNING FACE}" + "y" * 200_000
    data = whole.encode()
    at = 200_000 + count
    parts = record(lambda stream: [stream.buffer.write(data[:at]), stream.buffer.write(data[at:])])
    assert "".join(parts) == whole


def test_secret_in_a_long_line_is_not_cut_in_two() -> None:
    """A secret is masked before a long line is split into parts."""
    secrets = Secrets()
    secrets.add("open-sesame")
    text = "".join(record(lambda stream: stream.write("x" * (MAX_STRING_LENGTH - 5) + "open-sesame\n"), secrets))
    assert text == "x" * (MAX_STRING_LENGTH - 5) + "***"


def test_buffered_output_is_not_lost() -> None:
    """Output that the stream still buffers is sent when the stream is finished."""

    def write(stream: LineStream) -> None:
        stream.reconfigure(write_through=False, line_buffering=False)
        stream.write("kept back")

    assert record(write) == ["kept back"]


@pytest.mark.parametrize("end", [LineStream.close, LineStream.detach])
def test_closed_stream_can_be_finished(end: Callable[[LineStream], object]) -> None:
    """If the author closes or detaches the stream, its output is still sent, and finishing it is not an error."""

    def write(stream: LineStream) -> None:
        stream.write("before")
        end(stream)

    assert record(write) == ["before"]


def test_stream_looks_like_a_file() -> None:
    """A stream has a name and a file descriptor, is not a terminal, and can be passed to a child process."""
    channel = LogChannel(Cancellation(), Secrets())
    stream = line_stream(channel, 1, logging.INFO, "task.stdout")
    assert (stream.fileno(), stream.isatty(), stream.writable(), stream.readable()) == (1, False, True, False)
    assert (stream.name, stream.encoding) == ("<task.stdout>", "utf-8")
    reader, writer = os.pipe()
    stream = line_stream(channel, writer, logging.INFO, "task.stdout")
    subprocess.run([sys.executable, "-c", "print('child')"], stdout=stream, check=True, timeout=DEADLINE_S)
    os.close(writer)
    with os.fdopen(reader) as file:
        assert file.read() == "child\n"


def test_threads_lose_nothing() -> None:
    """Everything that several threads print at the same time arrives exactly once."""
    words = {name: [f"<{name}{number:03}>" for number in range(200)] for name in "abcd"}
    with TemporaryFile() as file:
        channel = LogChannel(Cancellation(), Secrets(), file.fileno())
        channel.close()  # from now on, every line is written at once, which lets other threads run
        stream = line_stream(channel, 1, logging.INFO, "task.stdout")
        threads = [
            threading.Thread(target=lambda name=name: [print(word, file=stream) for word in words[name]])
            for name in words
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_S)
        stream.finish()
        file.seek(0)
        arrived = re.findall(r"<....>", "".join(json.loads(line)["event"] for line in file))
    assert sorted(arrived) == sorted(word for name in words for word in words[name])


# Interrupted writes


class Interrupted:
    """A channel whose peer reads some bytes, interrupts the main thread with a signal, and then reads the rest."""

    def __init__(self, cancellation: Cancellation, number: signal.Signals) -> None:
        ours, self._theirs = socket.socketpair()
        self._theirs.settimeout(DEADLINE_S)
        self._received = b""
        self._thread = threading.Thread(target=self._read, args=(number,), daemon=True)
        self.channel = LogChannel(cancellation, Secrets())
        self.channel.connect(ours)
        self._thread.start()

    def _read(self, number: signal.Signals) -> None:
        self._received = self._theirs.recv(100)
        signal.pthread_kill(threading.main_thread().ident or 0, number)
        with self._theirs.makefile("rb") as file:
            self._received += file.read()

    def events(self) -> list[str]:
        """The events that arrived, up to the end of the stream."""
        self.channel.close()
        self._thread.join(DEADLINE_S)
        self._theirs.close()
        return [json.loads(line)["event"] for line in self._received.splitlines()]


@pytest.fixture
def large() -> list[str]:
    """More lines than a socket takes at once."""
    return [f"{number:03}" * 10_000 for number in range(100)]


def test_stop_in_the_middle_of_a_write(large: list[str]) -> None:
    """A stop during a write neither loses nor repeats a line."""
    cancellation = Cancellation()
    with StopSignals(cancellation):
        peer = Interrupted(cancellation, signal.SIGTERM)
        stream = line_stream(peer.channel, 1, logging.INFO, "task.stdout")
        cancellation.arm()
        with pytest.raises(TaskCancelled):
            stream.write("\n".join(large) + "\nunfinished")
        stream.write(" line\n")
        assert peer.events() == [*large, "unfinished line"]


@pytest.fixture
def on_signal() -> Iterator[list[Callable[[], object]]]:
    """The actions of the author's signal handler."""
    actions: list[Callable[[], object]] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: [action() for action in actions])
    yield actions
    signal.signal(signal.SIGUSR1, before)


def test_signal_handler_that_prints(large: list[str], on_signal: list[Callable[[], object]]) -> None:
    """If a signal handler or a finalizer prints during a write, its line follows whole, without a deadlock."""
    peer = Interrupted(Cancellation(), signal.SIGUSR1)
    stream = line_stream(peer.channel, 1, logging.INFO, "task.stdout")
    on_signal.append(lambda: peer.channel.log(logging.INFO, "x", "from the handler"))
    on_signal.append(lambda: stream.write("printed there\n"))
    stream.write("\n".join(large) + "\n")
    events = peer.events()
    assert [event for event in events if event in large] == large
    assert [event for event in events if event not in large] == ["from the handler", "printed there"]
