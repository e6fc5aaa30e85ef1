"""A task's log: takes bytes, makes records, and passes them on. Does no I/O."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from dagfloe.local.log.lines import LineDecoder
from dagfloe.local.log.records import LogRecord, exit_record, parse_line, stream_record, supervisor_record
from dagfloe.values.dates import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.local.log.records import Mask
    from dagfloe.values.dates import Clock

#: The last records of a task, which the transcript holds. It passes all records on.
MAX_RECORDS = 100_000
#: The supervisor's message for a request that it does not handle.
_UNHANDLED = "Unhandled request"
_MAX_OUTPUT_LINES = 200
_MAX_OUTPUT_CHARACTERS = 4000
STREAMS = ("stdout", "stderr")


class Transcript:
    """A task's log.

    Args:
        mask: replaces the secrets in a string.
        on_record: called with every record.
        clock: gives the time of records that have none of their own.

    Attributes:
        mask: as above.
        records: the last records, oldest first.
    """

    def __init__(self, mask: Mask, on_record: Callable[[LogRecord], None] | None, clock: Clock = utc_now) -> None:
        self.mask = mask
        self.records: deque[LogRecord] = deque(maxlen=MAX_RECORDS)
        self._on_record = on_record
        self._clock = clock
        self._decoders = {name: LineDecoder() for name in (*STREAMS, "logs")}
        self._output: deque[str] = deque(maxlen=_MAX_OUTPUT_LINES)

    def feed(self, name: str, data: bytes) -> None:
        """Add bytes of a stream.

        Args:
            name: `stdout`, `stderr` or `logs`.
            data: the bytes; empty at the stream's end.

        Raises:
            TaskLost: if a log line makes the real supervisor lose the task.
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

    def log(self, level: str, event: str) -> None:
        """Add a record of the supervisor itself."""
        self._add(supervisor_record(level, event, self.mask, self._clock))

    def log_refusal(self, request_type: str, detail: Mapping[str, Any]) -> None:
        """Add a record about a request whose reply has an error as its third element.

        Args:
            request_type: the request's type.
            detail: the error's detail.
        """
        reason = detail["message"]
        if "exception_type" in detail:
            reason = f"Unhandled exception while handling task request: {reason}"
        elif reason != _UNHANDLED:
            reason = f"API server error: {reason}"
        self.log("error", f"{reason}: {request_type}")

    def log_exit(self, exit_code: int) -> None:
        """Add the record about a process that ended with a status other than 0."""
        self._add(exit_record(exit_code, self._clock))

    def output(self) -> str:
        """Return the end of the output on stdout and stderr."""
        return "\n".join(self._output)[-_MAX_OUTPUT_CHARACTERS:]

    def _add(self, record: LogRecord) -> None:
        self.records.append(record)
        if self._on_record is not None:
            self._on_record(record)
