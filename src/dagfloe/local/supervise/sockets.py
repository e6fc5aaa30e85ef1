"""The sockets of one task: two servers, two connections and two output streams, and the selector that waits for them.

Knows nothing of frames, log lines and deadlines.
"""

from __future__ import annotations

import selectors
import socket
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from typing_extensions import Self

    class HasFileno(Protocol):
        """An object that a selector can wait for."""

        def fileno(self) -> int:
            """Return the file descriptor."""
            ...


class Channel(Enum):
    """What the supervisor waits for. The values are names for the log."""

    COMM_SERVER = "comm server"
    LOGS_SERVER = "logs server"
    COMM = "comm"
    LOGS = "logs"
    STDOUT = "stdout"
    STDERR = "stderr"
    STOP = "stop"
    EXIT = "exit"


#: The connections by the server that accepts them.
CONNECTIONS = {Channel.COMM_SERVER: Channel.COMM, Channel.LOGS_SERVER: Channel.LOGS}
#: These report once. They are not sockets of the task.
_EVENTS = frozenset({Channel.STOP, Channel.EXIT})


class TaskSockets:
    """The open sockets of a task. Use it as a `with` block: its end closes all of them."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._open: dict[Channel, socket.socket] = {}
        self._accepted: set[Channel] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for channel in list(self._open):
            self.close(channel)
        self._selector.close()

    @property
    def names(self) -> list[str]:
        """The names of the open sockets."""
        return [channel.value for channel in self._open]

    @property
    def is_connected(self) -> bool:
        """Whether both connections came, even if they are closed again."""
        return len(self._accepted) == len(CONNECTIONS)

    def listen(self) -> tuple[str, ...]:
        """Open both servers, and return their addresses: comm, then logs."""
        for server in CONNECTIONS:
            self.add(server, socket.create_server(("127.0.0.1", 0), backlog=8))
        return tuple(f"127.0.0.1:{self._open[server].getsockname()[1]}" for server in CONNECTIONS)

    def add(self, channel: Channel, sock: socket.socket) -> None:
        """Wait for a socket from now on, and own it."""
        sock.setblocking(False)
        self._open[channel] = sock
        self._selector.register(sock, selectors.EVENT_READ, channel)

    def add_event(self, channel: Channel, source: int | HasFileno) -> None:
        """Wait until a descriptor of somebody else is readable, and report it once."""
        self._selector.register(source, selectors.EVENT_READ, channel)

    def wait(self, timeout_s: float | None) -> list[Channel]:
        """Wait until something is ready.

        Args:
            timeout_s: the longest wait, in seconds; None waits without a limit.

        Returns:
            What is ready. Servers come first: a connection counts if it came before the end of the process.
        """
        keys = sorted((key for key, _ in self._selector.select(timeout_s)), key=lambda key: key.data not in CONNECTIONS)
        for key in keys:
            if key.data in _EVENTS:
                self._selector.unregister(key.fileobj)
        return [key.data for key in keys]

    def wait_for(self, channel: Channel, events: int) -> None:
        """Wait for other events of an open socket from now on, such as `selectors.EVENT_WRITE`."""
        self._selector.modify(self._open[channel], events, channel)

    def accept(self, server: Channel) -> tuple[socket.socket, tuple[str, int]] | None:
        """Accept a connection; None if the other side gave it up already.

        Returns:
            The connection and its peer. Pass it to `take_connection`, or close it.
        """
        try:
            return self._open[server].accept()
        except OSError:
            return None

    def take_connection(self, server: Channel, sock: socket.socket) -> None:
        """Take a server's connection as the task's own, and close the server."""
        self.close(server)
        self.add(CONNECTIONS[server], sock)
        self._accepted.add(CONNECTIONS[server])

    def is_open(self, channel: Channel) -> bool:
        """Return whether a socket is open."""
        return channel in self._open

    def read(self, channel: Channel, max_bytes: int) -> bytes | None:
        """Read from a socket, and close it at its end.

        Returns:
            The bytes; empty at the end or after an error, None if nothing is there yet.
        """
        try:
            data = self._open[channel].recv(max_bytes)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self.close(channel)
        return data

    def close(self, *channels: Channel) -> None:
        """Close sockets. Those that are closed already stay so."""
        for channel in channels:
            sock = self._open.pop(channel, None)
            if sock is not None:
                self._selector.unregister(sock)
                sock.close()
