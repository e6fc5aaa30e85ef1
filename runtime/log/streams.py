"""Text streams whose lines become log records, for `sys.stdout` and `sys.stderr`.

Each thread has its own unfinished line, because `print` writes a line in several pieces.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
from contextlib import suppress
from os import getpid
from time import time

from dagfloe.runtime.log.levels import level_name
from dagfloe.runtime.log.render import render
from dagfloe.runtime.log.sanitizer import MAX_STRING_LENGTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.runtime.log.channel import LogChannel

#: How many bytes of lines are rendered before the socket is waited for.
_BATCH_BYTES = 256 * 1024
#: The end of a very long line that is kept until the line goes on, so that no secret is cut in two.
_KEPT_LENGTH = MAX_STRING_LENGTH


class Streams:
    """Sends what is written to `sys.stdout` and `sys.stderr` to a channel, one record per line.

    What writes to the file descriptors themselves, such as a program that the task starts, reaches the supervisor
    through the pipes.

    Args:
        channel: the channel.
    """

    def __init__(self, channel: LogChannel) -> None:
        self._original = sys.stdout, sys.stderr
        self._streams = (
            line_stream(channel, 1, logging.INFO, "task.stdout"),
            line_stream(channel, 2, logging.ERROR, "task.stderr"),
        )
        sys.stdout, sys.stderr = self._streams

    def finish(self) -> None:
        """Send all unfinished lines, also those that other streams hold back."""
        for stream in (sys.stdout, sys.stderr, *self._streams):
            with suppress(Exception):  # the author may have replaced, closed or detached it
                stream.flush()
        for stream in self._streams:
            stream.finish()

    def prepare_for_the_end(self) -> None:
        """Treat every flush as the end of a line, because Python ends now; and keep the streams until its real end."""
        for stream in (*self._original, sys.__stdout__, sys.__stderr__):
            with suppress(Exception):  # see above
                stream.flush()  # type: ignore[union-attr]
        for stream in self._streams:
            stream.finish_at_every_flush()
        # While Python deletes the modules, it takes the streams from these names. Objects that die may print, too.
        sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]

    def after_fork(self) -> None:
        """Forget the unfinished lines in a forked child: they are the parent's."""
        for stream in self._streams:
            stream.after_fork()

    def restore(self) -> None:
        """Send unfinished lines, and restore the earlier streams."""
        self.finish()
        if (sys.stdout, sys.stderr) == self._streams:
            sys.stdout, sys.stderr = self._original


def redirect_streams(channel: LogChannel) -> Callable[[], None]:
    """Send what is written to `sys.stdout` and `sys.stderr` to the channel; see `Streams`.

    Returns:
        A function that sends unfinished lines and restores the streams.
    """
    return Streams(channel).restore


def line_stream(channel: LogChannel, descriptor: int, level: int, logger: str) -> LineStream:
    """Make a stream that can replace `sys.stdout` or `sys.stderr`.

    Args:
        channel: the channel that the lines go to.
        descriptor: the result of `fileno()`, for code that passes the stream to a child process.
        level: the records' level.
        logger: the records' logger name.
    """
    return LineStream(_LineSink(channel, descriptor, level, logger))


class LineStream(io.TextIOWrapper):
    """A text stream whose lines become records. As on a terminal, a carriage return overwrites the line before it.

    Args:
        sink: takes the stream's bytes.
    """

    def __init__(self, sink: _LineSink) -> None:
        super().__init__(sink, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)
        self._sink = sink
        self.finish_at_every_flush = sink.finish_at_every_flush
        self.after_fork = sink.after_fork

    def finish(self) -> None:
        """Send the unfinished lines of all threads."""
        with suppress(ValueError):  # the author closed or detached it
            self.flush()
        self._sink.finish()


class _Text:
    """What one thread has written and is not sent yet: at most one unfinished line, unless a stop interrupted it."""

    __slots__ = ("data", "is_busy", "is_cut", "pieces", "size")

    def __init__(self) -> None:
        self.data = b""
        self.is_cut = False  # whether an unfinished line was sent, whose end may still come
        self.pieces: list[bytes] = []  # written since; together, they are not longer than `size`
        self.size = 0
        self.is_busy = False


class _ThreadEnd:
    """Finishes the line of a thread when the thread ends, and its local data with it."""

    __slots__ = ("_process", "_sink", "text")

    def __init__(self, sink: _LineSink) -> None:
        self._process = getpid()
        self._sink = sink
        self.text = _Text()

    def __del__(self) -> None:
        with suppress(Exception):
            if getpid() == self._process:  # a fork ends the other threads in the child
                self._sink.forget(self.text)


class _LineSink(io.BufferedIOBase):
    def __init__(self, channel: LogChannel, descriptor: int, level: int, logger: str) -> None:
        self._channel = channel
        self._descriptor = descriptor
        self._level = level_name(level)
        self._logger = logger
        self._now = time  # the author may replace the function in the module
        self._is_last = False
        self.after_fork()

    def after_fork(self) -> None:
        self._texts: list[_Text] = []
        self._local = threading.local()

    @property
    def name(self) -> str:
        return f"<{self._logger}>"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        data = memoryview(data).tobytes()
        try:
            text = self._local.end.text
        except AttributeError:
            text = self._new_text()
        text.pieces.append(data)
        text.size += len(data)
        if b"\n" in data or text.size > MAX_STRING_LENGTH:
            self._send(text)
        return len(data)

    def flush(self) -> None:
        if self._is_last:
            with suppress(BaseException):  # Python would end with status 120
                self.finish()

    def finish_at_every_flush(self) -> None:
        self._is_last = True

    def finish(self) -> None:
        """Send the unfinished lines of all threads."""
        for text in self._texts[:]:
            self._send(text, is_end=True)

    def forget(self, text: _Text) -> None:
        """Send the unfinished line of a thread that has ended."""
        if text in self._texts:
            self._send(text, is_end=True)
            self._texts.remove(text)

    def _new_text(self) -> _Text:
        end = self._local.end = _ThreadEnd(self)
        self._texts.append(end.text)
        return end.text

    def _send(self, text: _Text, *, is_end: bool = False) -> None:
        """Send the whole lines of a thread. Only the waiting can be interrupted, and then the rest is kept."""
        has_more = True
        while has_more:
            with self._channel.shield, self._channel.lock:
                if text.is_busy:  # a signal handler or a finalizer interrupted this function, which then goes on
                    return
                text.is_busy = True
                try:
                    lines, has_more = self._take(text, is_end=is_end)
                    must_wait = bool(lines) and self._channel.add(b"".join(map(self._render, lines)))
                finally:
                    text.is_busy = False
            if must_wait:
                self._channel.wait()

    def _take(self, text: _Text, *, is_end: bool) -> tuple[list[str], bool]:
        """Take the next lines of a thread: the lines, masked and split, and whether there are more of them."""
        count = len(text.pieces)  # the thread may add others meanwhile
        data = b"".join((text.data, *text.pieces[:count]))
        del text.pieces[:count]
        text.size = 0
        if text.is_cut and data:
            text.is_cut = False
            data = data.removeprefix(b"\n")
        end = data.rfind(b"\n", 0, _BATCH_BYTES) + 1 or data.find(b"\n") + 1
        lines = [part for line in data[: end - 1].split(b"\n") for part in self._parts(line)] if end else []
        data = data[end:]
        has_more = b"\n" in data
        if not has_more:
            # Progress bars may never end their line, so keep only the part that a terminal would show.
            data = data[data.rstrip(b"\r").rfind(b"\r") + 1 :]
            if is_end and data:
                lines, data, text.is_cut = [*lines, *self._parts(data)], b"", True
            elif len(data) > MAX_STRING_LENGTH + _KEPT_LENGTH:
                begin, data = self._split(data)
                lines += begin
        text.data = data
        return lines, has_more or bool(text.pieces)

    def _parts(self, line: bytes) -> list[str]:
        """The masked parts of a line, none too long for a record."""
        visible = line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "backslashreplace")
        masked = self._channel.mask(visible)  # before the line is split, so that no secret is split
        return [masked[start : start + MAX_STRING_LENGTH] for start in range(0, len(masked) or 1, MAX_STRING_LENGTH)]

    def _split(self, data: bytes) -> tuple[list[str], bytes]:
        """Split the begin off a line that is too long for a record: its masked parts, and the rest, masked, too."""
        whole = len(data)
        while data[whole - 1] & 0xC0 == 0x80 and len(data) - whole < 3:  # bytes in the middle of a character
            whole -= 1
        if data[whole - 1] >= 0xC0:
            whole -= 1
        masked = self._channel.mask(data[:whole].decode("utf-8", "backslashreplace"))
        begin, rest = masked[:-_KEPT_LENGTH], masked[-_KEPT_LENGTH:]
        parts = [begin[start : start + MAX_STRING_LENGTH] for start in range(0, len(begin), MAX_STRING_LENGTH)]
        return parts, rest.encode("utf-8", "backslashreplace") + data[whole:]

    def _render(self, line: str) -> bytes:
        return render(self._now(), self._level, self._logger, line, str)
