"""The logs socket: everything the process says goes through one `LogChannel`, in order.

Lines from before the connection are kept and sent first. When the socket breaks, lines go to the real stderr, which
the supervisor reads as well. Turning a record into a line is in `records`, which levels are wanted in `levels`.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from _socket import SO_SNDTIMEO, SOL_SOCKET  # see `dial`
from struct import pack

from dagfloe.runtime.log.levels import level_name
from dagfloe.runtime.log.render import render, render_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

    from dagfloe.cancellation import Cancellation
    from dagfloe.masking import Secrets
    from dagfloe.runtime.log.levels import Levels

#: Lines kept before the connection; only this runtime's own code runs until then.
MAX_KEPT_LINES = 10_000
#: The supervisor reads logs and answers requests in one thread, so it may leave logs unread as long as a request takes.
WRITE_TIMEOUT_S = 300.0


class LogChannel:
    """Where log lines go: first nowhere, then to the socket, and to stderr once that is broken.

    Args:
        cancellation: its shield keeps a stop from cutting a line.
        secrets: what is masked in every line.
        stderr: file descriptor for lines that the socket does not take.

    Attributes:
        mask: removes secrets from a text.
        shield: a `with` block that a stop does not interrupt.
        lock: a `with` block that other threads do not enter; the thread that holds it may still write.
    """

    def __init__(self, cancellation: Cancellation, secrets: Secrets, stderr: int = 2) -> None:
        self.mask = secrets.mask
        self.shield = cancellation.shield()
        self.lock = threading.RLock()
        self._stderr = stderr
        self._sock: socket | None = None
        self._kept: list[bytes] | None = []
        self._unsent: list[bytes] = []
        self._sending = False

    def connect(self, sock: socket, write_timeout_s: float = WRITE_TIMEOUT_S) -> None:
        """Send what was kept, and everything from now on, to a connected socket.

        Args:
            sock: it is owned from here on.
            write_timeout_s: how many seconds the peer may take to accept a line before the socket counts as broken.
        """
        # The kernel keeps the time: a time limit of Python's would ask before every write whether one is possible.
        sock.settimeout(None)
        seconds, part = divmod(write_timeout_s, 1)
        sock.setsockopt(SOL_SOCKET, SO_SNDTIMEO, pack("@ll", int(seconds), int(part * 1e6)))
        with self.shield, self.lock:
            self._sock = sock
            kept, self._kept = self._kept or [], None
            self._write(b"".join(kept))

    def write(self, line: bytes) -> None:
        """Take one whole line. Never raises."""
        with self.shield, self.lock:
            if self._kept is not None and len(self._kept) < MAX_KEPT_LINES:
                self._kept.append(line)
            else:
                self._write(line)

    def say(self, level: int, logger: str, event: str) -> None:
        """Take a message that is no log record, such as a printed line."""
        self.write(render(time.time(), level_name(level), logger, event, self.mask))

    def close(self) -> None:
        """Close the socket in an orderly way; later lines go to stderr. May be called again."""
        with self.shield, self.lock:
            kept, self._kept = self._kept or [], None
            self._write(b"".join(kept))
            self._drop_socket()

    def after_fork(self) -> None:
        """Make the channel usable in a forked child, whatever other threads held when it was forked."""
        self.lock = threading.RLock()
        self._unsent.clear()
        self._sending = False

    def _write(self, data: bytes) -> None:
        self._unsent.append(data)
        if self._sending:  # a signal handler or a finalizer speaks on top of a write, which goes on with this
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
            except OSError:  # broken, or not read in time: half a line may be out, so nothing may follow it
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
        pass  # there is nobody left to tell


class ChannelHandler(logging.Handler):
    """Sends the wanted ones of stdlib logging's records to the channel."""

    def __init__(self, channel: LogChannel, levels: Levels) -> None:
        super().__init__()
        self._channel = channel
        self._levels = levels

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record. Never raises."""
        try:
            wanted = self._levels.wants(record.name, record.levelno)
        except Exception:  # noqa: BLE001 - a record made by hand, with a name or level of another type
            wanted = True
        if wanted:
            self._channel.write(render_record(record, self._channel.mask))

    def install(self) -> None:
        """Become the handler of the root logger, and set the wanted levels. May be called again to restore that."""
        root = logging.getLogger()
        for other in root.handlers[:]:
            # A handler for the console would tell every record a second time, and as an error.
            if type(other) is logging.StreamHandler and other.stream in (sys.stdout, sys.stderr):
                root.removeHandler(other)
        if self not in root.handlers:
            root.addHandler(self)
        root.setLevel(self._levels.root)
        for name, level in self._levels.namespaces.items():
            logging.getLogger(name).setLevel(level)
        logging.captureWarnings(capture=True)
        threading.excepthook = _log_thread_exception

    def uninstall(self) -> None:
        """Undo `install`, as far as other code relies on it."""
        logging.getLogger().removeHandler(self)
        logging.captureWarnings(capture=False)
        threading.excepthook = threading.__excepthook__


def _log_thread_exception(details: threading.ExceptHookArgs) -> None:
    if details.exc_type is SystemExit or details.exc_value is None:
        return
    name = details.thread.name if details.thread else "?"
    logging.getLogger("dagfloe").error("Uncaught exception in thread %s", name, exc_info=details.exc_value)
