"""What a task that runs in this process logs and prints, as records, and everything as it was afterwards."""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagfloe.local.records import parse_line
from dagfloe.runtime.levels import LEVEL_VARIABLE, Levels
from dagfloe.runtime.logs import ChannelHandler, LogChannel, redirect_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagfloe.cancellation import Cancellation
    from dagfloe.local.records import LogRecord, Mask
    from dagfloe.secrets import Secrets

#: Where the runtime says how the task ended, with the exception.
_RUNNER = "dagfloe.task"


class MemoryChannel(LogChannel):
    """Takes log lines as the logs socket does, and reads them as the supervisor does.

    Args:
        cancellation: its shield keeps a stop from cutting a line.
        secrets: masked on the bundle's side.
        mask: removes secrets on the supervisor's side.
        on_record: called with every record.

    Attributes:
        records: what was said.
    """

    def __init__(
        self, cancellation: Cancellation, secrets: Secrets, mask: Mask, on_record: Callable[[LogRecord], object]
    ) -> None:
        super().__init__(cancellation, secrets)
        self.records: list[LogRecord] = []
        self._supervisors_mask = mask
        self._on_record = on_record

    def write(self, line: bytes) -> None:
        """Take one whole line."""
        with self.shield, self.lock:
            record = parse_line(line, self._supervisors_mask)
            if record is not None:
                self.records.append(record)
                self._on_record(record)


class Handler(ChannelHandler):
    """Also keeps the exception with which the task ended."""

    exception: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        if record.name == _RUNNER and isinstance(record.exc_info, tuple) and self.exception is None:
            self.exception = record.exc_info[1]
        super().emit(record)


@contextmanager
def captured(channel: MemoryChannel, level: str) -> Iterator[Handler]:
    """Send all logging, printing and warnings of a `with` block to a channel, from a level on."""
    handler = Handler(channel, Levels.from_environment({LEVEL_VARIABLE: level}))
    root = logging.getLogger()
    handlers, root_level, hook = root.handlers[:], root.level, threading.excepthook
    warnings_were_logged = warnings.showwarning.__module__ == logging.__name__
    handler.install()
    restore_streams = redirect_streams(channel)
    try:
        yield handler
    finally:
        restore_streams()
        handler.uninstall()
        root.handlers[:] = handlers
        root.setLevel(root_level)
        logging.captureWarnings(capture=warnings_were_logged)
        threading.excepthook = hook
