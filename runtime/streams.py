"""Text streams whose lines become log records."""

from __future__ import annotations

import io

from dagfloe.runtime.records import MAX_TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.runtime.logs import LogChannel


def line_stream(channel: LogChannel, descriptor: int, level: int, logger: str) -> LineStream:
    """A stream to put in the place of `sys.stdout` or `sys.stderr`.

    Args:
        channel: where the lines go.
        descriptor: what `fileno()` gives, for those who hand the stream to a child process.
        level: the records' level.
        logger: the records' logger name.
    """
    return LineStream(_LineSink(channel, descriptor, level, logger))


class LineStream(io.TextIOWrapper):
    """A text stream; a line is a record, and what a carriage return overwrites is left out, as on a terminal."""

    def __init__(self, sink: _LineSink) -> None:
        super().__init__(sink, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)
        self._sink = sink

    def finish(self) -> None:
        """Send an unfinished last line."""
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
        *lines, rest = (self._rest + bytes(data)).split(b"\n")
        for line in lines:
            self._say(line)
        # Progress bars never end their line: only what they would still show is kept.
        self._rest = rest[rest.rfind(b"\r", 0, len(rest) - 1) + 1 :]
        if len(self._rest) > MAX_TEXT:
            self.finish()
        return len(data)

    def finish(self) -> None:
        rest, self._rest = self._rest, b""
        if rest:
            self._say(rest)

    def _say(self, line: bytes) -> None:
        shown = line.rstrip(b"\r").rpartition(b"\r")[2]
        self._channel.say(self._level, self._logger, shown.decode("utf-8", "backslashreplace"))
