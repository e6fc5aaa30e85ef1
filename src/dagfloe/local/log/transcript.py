"""Everything that a task says: bytes in, records out, each told as it comes. Pure but for what it tells."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from dagfloe.local.log.lines import LineDecoder
from dagfloe.local.log.records import LogRecord, end_record, parse_line, stream_record, supervisor_record
from dagfloe.values.dates import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.local.log.records import Mask
    from dagfloe.values.dates import Clock

#: How many records of a task are kept; all of them are told.
MAX_RECORDS = 100_000
#: What the supervisor says of a request that it does not serve.
_UNHANDLED = "Unhandled request"
_MAX_OUTPUT_LINES = 200
_MAX_OUTPUT_CHARACTERS = 4000
STREAMS = ("stdout", "stderr")


class Transcript:
    """A task's log.

    Args:
        mask: removes secrets from a text.
        on_record: called with every record.
        clock: gives the time of the records that name none.
    """

    def __init__(self, mask: Mask, on_record: Callable[[LogRecord], None] | None, clock: Clock = utc_now) -> None:
        self.mask = mask
        self.records: deque[LogRecord] = deque(maxlen=MAX_RECORDS)
        self._on_record = on_record
        self._clock = clock
        self._decoders = {name: LineDecoder() for name in (*STREAMS, "logs")}
        self._output: deque[str] = deque(maxlen=_MAX_OUTPUT_LINES)

    def feed(self, name: str, data: bytes) -> None:
        """Take bytes from `stdout`, `stderr` or `logs`; no bytes mean its end.

        Raises:
            TaskLost: at a log line over which the real supervisor loses the task.
        """
        decoder = self._decoders[name]
        for line in decoder.feed(data) if data else decoder.finish():
            if name in STREAMS:
                record: LogRecord | None = stream_record(name, line, self.mask, self._clock)
            else:
                record = parse_line(line, self.mask, self._clock)
            if record is not None:
                self._add(record)
            if record is not None and name in STREAMS:
                self._output.append(record.event)

    def say(self, level: str, event: str) -> None:
        """Add a record of the supervisor's own."""
        self._add(supervisor_record(level, event, self.mask, self._clock))

    def refuse(self, request: str, detail: Mapping[str, Any]) -> None:
        """Add a record of a request that got an error in the third element of its reply.

        Args:
            request: the request's type.
            detail: the error's detail.
        """
        reason = detail["message"]
        if "exception_type" in detail:
            reason = f"Unhandled exception while handling task request: {reason}"
        elif reason != _UNHANDLED:
            reason = f"API server error: {reason}"
        self.say("error", f"{reason}: {request}")

    def end(self, exit_code: int) -> None:
        """Add the record of the process's end with a status other than 0."""
        self._add(end_record(exit_code, self._clock))

    def output(self) -> str:
        """The end of what came on stdout and stderr."""
        return "\n".join(self._output)[-_MAX_OUTPUT_CHARACTERS:]

    def _add(self, record: LogRecord) -> None:
        self.records.append(record)
        if self._on_record is not None:
            self._on_record(record)
