"""Text streams whose lines become log records, for `sys.stdout` and `sys.stderr`."""

from __future__ import annotations

import io
import logging
import sys
from contextlib import suppress

from dagfloe.runtime.log.sanitizer import MAX_STRING_LENGTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.runtime.log.channel import LogChannel


def redirect_streams(channel: LogChannel) -> Callable[[], None]:
    """Send what is written to `sys.stdout` and `sys.stderr` to the channel, one record per line.

    What writes to the file descriptors themselves, such as a program that the task starts, reaches the supervisor
    through the pipes.

    Returns:
        A function that sends unfinished lines and restores the streams.
    """
    original_streams = sys.stdout, sys.stderr
    line_streams = (
        line_stream(channel, 1, logging.INFO, "task.stdout"),
        line_stream(channel, 2, logging.ERROR, "task.stderr"),
    )
    sys.stdout, sys.stderr = line_streams

    def restore() -> None:
        for stream in line_streams:
            stream.finish()
        if (sys.stdout, sys.stderr) == line_streams:
            sys.stdout, sys.stderr = original_streams

    return restore


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

    def finish(self) -> None:
        """Send an unfinished last line."""
        with suppress(ValueError):  # the author closed or detached it
            self.flush()
        self._sink.finish()


class _LineSink(io.BufferedIOBase):
    def __init__(self, channel: LogChannel, descriptor: int, level: int, logger: str) -> None:
        self._channel = channel
        self._descriptor = descriptor
        self._level = level
        self._logger = logger
        self._rest = b""

    @property
    def name(self) -> str:
        return f"<{self._logger}>"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        data = memoryview(data).tobytes()
        with self._channel.shield, self._channel.lock:
            *lines, rest = (self._rest + data).split(b"\n")
            # Progress bars may never end their line, so keep only the part that a terminal would show.
            self._rest = rest[rest.rstrip(b"\r").rfind(b"\r") + 1 :]
            for line in lines:
                self._log_line(line)
            if len(self._rest) > MAX_STRING_LENGTH:
                self.finish()
        return len(data)

    def finish(self) -> None:
        with self._channel.shield, self._channel.lock:
            rest, self._rest = self._rest, b""
            if rest:
                self._log_line(rest)

    def _log_line(self, line: bytes) -> None:
        visible = line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "backslashreplace")
        masked = self._channel.mask(visible)  # before the line is split, so that no secret is split
        for start in range(0, len(masked) or 1, MAX_STRING_LENGTH):
            self._channel.show(self._level, self._logger, masked[start : start + MAX_STRING_LENGTH])
