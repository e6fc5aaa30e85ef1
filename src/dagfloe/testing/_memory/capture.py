"""What a task that runs in this process logs and prints, as records, and everything as it was afterwards."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagfloe.local.log.records import parse_line
from dagfloe.runtime.log.channel import ChannelHandler, LogChannel
from dagfloe.runtime.log.levels import LEVEL_VARIABLE, Levels
from dagfloe.runtime.log.streams import redirect_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagfloe.cancellation import Cancellation
    from dagfloe.local.log.records import LogRecord, Mask
    from dagfloe.masking import Secrets

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

    def both_masks(self, text: str) -> str:
        """Remove the secrets of both sides from a text."""
        return self._supervisors_mask(self.mask(text))

    def write(self, line: bytes) -> None:
        """Take one whole line."""
        with self.shield, self.lock:
            record = parse_line(line, self._supervisors_mask)
            if record is not None:
                self.records.append(record)
                self._on_record(record)


class Handler(ChannelHandler):
    """Also keeps the exception with which the task ended, and tells other handlers, such as pytest's.

    Attributes:
        exception: the exception, if there was one.
        others: the other handlers; they see no secret either.
    """

    def __init__(self, channel: MemoryChannel, levels: Levels) -> None:
        super().__init__(channel, levels)
        self.exception: BaseException | None = None
        self.others: list[logging.Handler] = []
        self._mask = channel.both_masks

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        if record.name == _RUNNER and isinstance(record.exc_info, tuple) and self.exception is None:
            self.exception = record.exc_info[1]
        super().emit(record)
        told = self._without_secrets(record) if self.others else record
        for other in self.others:
            if record.levelno >= other.level:
                other.handle(told)

    def _without_secrets(self, record: logging.LogRecord) -> logging.LogRecord:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit the format: the others say it in their own way
            return record
        stack = logging.Formatter().formatException(record.exc_info) if record.exc_info else record.exc_text or ""
        if self._mask(message) == message and self._mask(stack) == stack:
            return record
        changed = {"msg": self._mask(message), "args": None, "exc_info": None, "exc_text": self._mask(stack) or None}
        return logging.makeLogRecord({**vars(record), **changed})


@contextmanager
def captured(channel: MemoryChannel, level: str) -> Iterator[Handler]:
    """Send all logging, printing and warnings of a `with` block to a channel, from a level on."""
    handler = Handler(channel, Levels.from_environment({LEVEL_VARIABLE: level}))
    root = logging.getLogger()
    handlers, root_level, hook = root.handlers[:], root.level, threading.excepthook
    streams = sys.stdout, sys.stderr
    were_logged = warnings.showwarning.__module__ == logging.__name__
    with warnings.catch_warnings():  # also lets warnings be told that were told before, as in a new process
        handler.install()
        handler.others = [other for other in root.handlers if other is not handler]
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
            logging.captureWarnings(capture=were_logged)
            threading.excepthook = hook
