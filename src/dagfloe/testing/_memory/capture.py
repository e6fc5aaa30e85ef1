"""Captures what a task logs and prints in this process, and restores logging and the streams afterwards."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dagfloe.local.log.records import parse_line
from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.handler import ChannelHandler
from dagfloe.runtime.log.levels import LEVEL_VARIABLE, Levels
from dagfloe.runtime.log.streams import redirect_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dagfloe.cancellation import Cancellation
    from dagfloe.local.log.records import LogRecord, Mask
    from dagfloe.masking import Secrets

#: The logger on which the runtime logs the task's end, with the exception.
_RUNNER_LOGGER = "dagfloe.task"


class MemoryChannel(LogChannel):
    """Reads log lines as the supervisor reads them from the logs socket.

    Args:
        cancellation: its shield keeps a stop from interrupting a line.
        secrets: the secrets that the bundle masks.
        mask: masks the secrets that the supervisor knows.
        on_record: called with every record.

    Attributes:
        records: the records.
    """

    def __init__(
        self, cancellation: Cancellation, secrets: Secrets, mask: Mask, on_record: Callable[[LogRecord], object]
    ) -> None:
        super().__init__(cancellation, secrets)
        self.records: list[LogRecord] = []
        self._supervisor_mask = mask
        self._on_record = on_record

    def mask_all(self, text: str) -> str:
        """Mask the secrets of the bundle and of the supervisor in a string."""
        return self._supervisor_mask(self.mask(text))

    def add(self, lines: bytes) -> bool:
        """Read complete lines."""
        with self.shield, self.lock:
            for line in lines.split(b"\n")[:-1]:
                record = parse_line(line, self._supervisor_mask)
                if record is not None:
                    self.records.append(record)
                    self._on_record(record)
        return False


class CaptureHandler(ChannelHandler):
    """Passes records on to other handlers, such as those of pytest, and saves the task's exception.

    Attributes:
        exception: the exception with which the task ended, if any.
        other_handlers: the other handlers. Their records have masked secrets, too.
    """

    def __init__(self, channel: MemoryChannel, levels: Levels) -> None:
        super().__init__(channel, levels)
        self.exception: BaseException | None = None
        self.other_handlers: list[logging.Handler] = []
        self._mask = channel.mask_all
        self._is_seen = False

    def log(
        self,
        level: int,
        logger: str,
        event: str,
        exception: BaseException | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> None:
        """Log a message of the runtime's own. Other handlers get it, too, unless the task has removed them."""
        if logger == _RUNNER_LOGGER and self.exception is None:
            self.exception = exception
        if not self._levels.is_enabled(logger, level):
            return
        details = None if exception is None else (type(exception), exception, exception.__traceback__)
        record = logging.LogRecord(logger, level, __file__, 0, event, (), details)
        vars(record).update(fields or {})
        self._is_seen = False
        with suppress(Exception):  # the author's filters and handlers
            logging.getLogger(logger).handle(record)
        if not self._is_seen:
            self.emit(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Handle a record."""
        self._is_seen = True
        super().emit(record)
        masked = self._mask_record(record) if self.other_handlers else record
        for handler in self.other_handlers:
            if record.levelno >= handler.level:
                handler.handle(masked)

    def _mask_record(self, record: logging.LogRecord) -> logging.LogRecord:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - the arguments do not fit the format: the other handlers report that themselves
            return record
        stack = logging.Formatter().formatException(record.exc_info) if record.exc_info else record.exc_text or ""
        if self._mask(message) == message and self._mask(stack) == stack:
            return record
        fields = {"msg": self._mask(message), "args": None, "exc_info": None, "exc_text": self._mask(stack) or None}
        return logging.makeLogRecord({**vars(record), **fields})


@contextmanager
def capture_logs(channel: MemoryChannel, level: str) -> Iterator[CaptureHandler]:
    """Send the log records from a level on, the output and the warnings of a `with` block to a channel."""
    handler = CaptureHandler(channel, Levels.from_environment({LEVEL_VARIABLE: level}))
    root = logging.getLogger()
    handlers, root_level, hook = root.handlers[:], root.level, threading.excepthook
    streams = sys.stdout, sys.stderr
    had_captured_warnings = warnings.showwarning.__module__ == logging.__name__
    with warnings.catch_warnings():  # also shows warnings again, as a new process does
        handler.install()
        handler.other_handlers = [other for other in root.handlers if other is not handler]
        root.handlers[:] = [handler]
        restore_streams = redirect_streams(channel)
        try:
            yield handler
        finally:
            restore_streams()
            sys.stdout, sys.stderr = streams
            handler.uninstall()
            root.handlers[:] = handlers
            root.setLevel(root_level)
            logging.captureWarnings(capture=had_captured_warnings)
            threading.excepthook = hook
