"""The handler that sends the records of Python's `logging` to the log channel."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import nullcontext, suppress

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
        #: Functions that disable all existing loggers disable this one, too; nobody else does.
        self._own = logging.getLogger("dagfloe")

    def createLock(self) -> None:  # noqa: N802 - its name in logging.Handler
        """Do without the lock of every handler: a thread would hold it while it waits for the supervisor."""
        self.lock = nullcontext()  # type: ignore[assignment]

    def acquire(self) -> None:
        """Do nothing; see `createLock`."""

    def release(self) -> None:
        """Do nothing; see `createLock`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record. Never raises, except for a stop."""
        try:
            is_enabled = self._levels.is_enabled(record.name, record.levelno)
        except Exception:  # noqa: BLE001 - the author made a record whose name or level has the wrong type
            is_enabled = True
        if is_enabled:
            channel = self._channel
            with channel.shield:  # an exception of a signal handler must not look like one of the record
                line = render_record(record, channel.mask)
                with channel.lock:
                    must_wait = channel.add(line)
            if must_wait:
                channel.wait()

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

    def report_loss(self) -> None:
        """Log a warning if Python's logging was changed so that records do not reach this handler. Never raises."""
        try:
            cause = self._find_loss()
        except Exception as error:  # noqa: BLE001 - the author may have changed anything
            cause = f"its objects were replaced ({type(error).__name__})"
        if cause is not None:
            self.log(
                logging.WARNING,
                "dagfloe.runtime",
                f"Python's logging was changed, so that log records do not reach Airflow: {cause}",
            )

    def _find_loss(self) -> str | None:
        if self not in self._root.handlers:
            return "the root logger lost its handler; do not configure the root logger"
        if self._own.disabled or self._root.disabled:
            return "existing loggers were disabled; pass disable_existing_loggers=False to logging.config"
        if self._root.manager.disable >= logging.CRITICAL:
            return "logging.disable hides them"
        if max(self._root.level, self.level) > logging.CRITICAL:
            return "the level of the root logger, or of its handler, hides them"
        return None

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
