"""The logs socket: all log lines of the process go through one `LogChannel`, in order.

The channel stores lines until it is connected, and then sends them first. If the socket breaks, lines go to the real
stderr, which the supervisor also reads. `render` makes the lines, `levels` decides which records are sent.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from _socket import SO_SNDTIMEO, SOL_SOCKET  # see `dial`
from contextlib import suppress
from struct import pack

from dagfloe.runtime.log.levels import level_name
from dagfloe.runtime.log.render import render, render_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping

    from dagfloe.cancellation import Cancellation
    from dagfloe.masking import Secrets
    from dagfloe.runtime.log.levels import Levels

#: The number of lines that are stored until the channel is connected. Until then, only the runtime's own code runs.
MAX_PENDING_LINES = 10_000
#: The supervisor reads logs and answers requests in one thread, so a slow request delays the reading of logs.
WRITE_TIMEOUT_S = 300.0


class LogChannel:
    """Stores log lines until it is connected, then sends them to the socket, or to stderr if the socket is broken.

    Args:
        cancellation: its shield protects a line from being cut by a stop.
        secrets: the secrets to mask in every line.
        stderr: the file descriptor for lines that cannot go to the socket.
        levels: the enabled levels of `log`; None enables all.

    Attributes:
        mask: masks the secrets in a string.
        shield: a `with` block that a stop does not interrupt.
        lock: a reentrant lock; the thread that holds it may write.
    """

    def __init__(
        self, cancellation: Cancellation, secrets: Secrets, stderr: int = 2, *, levels: Levels | None = None
    ) -> None:
        self.mask = secrets.mask
        self.shield = cancellation.shield()
        self.lock = threading.RLock()
        self._levels = levels
        self._stderr = stderr
        self._sock: socket | None = None
        self._pending: list[bytes] | None = []
        self._unsent: list[bytes] = []
        self._sending = False

    def connect(self, sock: socket, write_timeout_s: float = WRITE_TIMEOUT_S) -> None:
        """Send the stored lines, and all later ones, to a connected socket.

        Args:
            sock: the connected socket; the channel owns it from now on.
            write_timeout_s: how many seconds the peer may take to accept a line before the socket counts as broken.
        """
        # The kernel's timeout: with Python's own one, every write would first poll the socket.
        sock.settimeout(None)
        seconds, part = divmod(write_timeout_s, 1)
        sock.setsockopt(SOL_SOCKET, SO_SNDTIMEO, pack("@ll", int(seconds), int(part * 1e6)))
        with self.shield, self.lock:
            self._sock = sock
            pending, self._pending = self._pending or [], None
            self._write(b"".join(pending))

    def write(self, line: bytes) -> None:
        """Send or store one whole line. Never raises.

        Args:
            line: the line, with its newline.
        """
        with self.shield, self.lock:
            if self._pending is not None and len(self._pending) < MAX_PENDING_LINES:
                self._pending.append(line)
            else:
                self._write(line)

    def log(
        self,
        level: int,
        logger: str,
        event: str,
        exception: BaseException | None = None,
        fields: Mapping[str, object] | None = None,
    ) -> None:
        """Send a message of the runtime's own, if its level is enabled.

        Python's `logging` is not involved: the author may have configured it so that records are lost.

        Args:
            level: the level's number.
            logger: the logger's name.
            event: the message.
            exception: an exception to describe.
            fields: other fields.
        """
        if self._levels is None or self._levels.is_enabled(logger, level):
            self.write(render(time.time(), level_name(level), logger, event, self.mask, fields, exception))

    def show(self, level: int, logger: str, event: str) -> None:
        """Send a printed line. As in Airflow, no level hides it.

        Args:
            level: the level's number.
            logger: the logger's name.
            event: the line.
        """
        self.write(render(time.time(), level_name(level), logger, event, self.mask))

    def close(self) -> None:
        """Close the socket after all lines are sent; later lines go to stderr. May be called again."""
        with self.shield, self.lock:
            pending, self._pending = self._pending or [], None
            self._write(b"".join(pending))
            self._drop_socket()

    def after_fork(self) -> None:
        """Make the channel usable in a forked child, even if another thread held the lock during the fork."""
        self.lock = threading.RLock()
        self._unsent.clear()
        self._sending = False

    def _write(self, data: bytes) -> None:
        self._unsent.append(data)
        if self._sending:  # a signal handler or a finalizer interrupted a write; that write also sends this data
            return
        self._sending = True
        try:
            while self._unsent:
                self._send(self._unsent.pop(0))
        finally:
            self._sending = False

    def _send(self, data: bytes) -> None:
        if self._sock is not None:
            try:
                self._sock.sendall(data)
            except OSError:  # broken, or not read in time. Half a line may be sent already, so send no more.
                self._drop_socket()
            else:
                return
        _write_all(self._stderr, data)

    def _drop_socket(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        pass  # the lines cannot go anywhere else


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
