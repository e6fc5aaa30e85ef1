"""The handler that sends the records of Python's `logging` to the log channel."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import suppress

from dagfloe.runtime.log.render import render_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.runtime.log.channel import LogChannel
    from dagfloe.runtime.log.levels import Levels


class ChannelHandler(logging.Handler):
    """Sends the records of Python's `logging` whose levels are enabled to the channel.

    Args:
        channel: the channel.
        levels: the enabled levels.
    """

    def __init__(self, channel: LogChannel, levels: Levels) -> None:
        super().__init__()
        self._channel = channel
        self._levels = levels
        self._root = logging.getLogger()

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record. Never raises."""
        try:
            is_enabled = self._levels.is_enabled(record.name, record.levelno)
        except Exception:  # noqa: BLE001 - the author made a record whose name or level has the wrong type
            is_enabled = True
        if is_enabled:
            self._channel.write(render_record(record, self._channel.mask))

    def install(self) -> None:
        """Add this handler to the root logger, and set the levels. Call it again to restore both. Never raises."""
        try:
            self._install()
        except Exception as error:  # noqa: BLE001 - the author's module may have changed anything
            self.log(
                logging.WARNING,
                "dagfloe.runtime",
                "Python's logging cannot be set up, because the bundle's module changed it; its records may be lost",
                error,
            )

    def _install(self) -> None:
        root = self._root
        for other in root.handlers[:]:
            # A console handler would send every record a second time, as an error on stderr.
            if type(other) is logging.StreamHandler and other.stream in (sys.stdout, sys.stderr):
                root.removeHandler(other)
        if self not in root.handlers:
            root.addHandler(self)
        root.setLevel(self._levels.root)
        for name, level in self._levels.namespaces.items():
            logging.getLogger(name).setLevel(level)
        logging.captureWarnings(capture=True)
        threading.excepthook = self._log_thread_exception

    def uninstall(self) -> None:
        """Remove this handler, and restore the handling of warnings and of exceptions in threads."""
        with suppress(Exception):  # the author may have changed anything
            self._root.removeHandler(self)
            logging.captureWarnings(capture=False)
        threading.excepthook = threading.__excepthook__

    def log(
        self,
        level: int,
        logger: str,
        event: str,
        exception: BaseException | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> None:
        """Log a message of the runtime's own; see `LogChannel.log`."""
        self._channel.log(level, logger, event, exception, fields)

    def _log_thread_exception(self, details: threading.ExceptHookArgs) -> None:
        if details.exc_type is SystemExit or details.exc_value is None:
            return
        name = details.thread.name if details.thread else "?"
        self.log(logging.ERROR, "dagfloe", f"Uncaught exception in thread {name}", details.exc_value)
