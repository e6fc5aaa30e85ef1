"""The supervisor's end of a socket pair whose other end is a real `Comms`."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgpack

from dagfloe.cancellation import Cancellation
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION
from dagfloe.runtime.wire.comms import Comms
from support.peer import DEADLINE_S, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Supervisor:
    """The supervisor's end of a socket pair.

    Attributes:
        carriers: the trace contexts of the requests that had one.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(DEADLINE_S)
        self.sock = sock
        self.carriers: list[dict[str, str]] = []

    def receive(self) -> tuple[int, dict[str, Any]]:
        """Receive the next request."""
        length = int.from_bytes(self._exactly(4), "big")
        frame_id, body, *carrier = msgpack.unpackb(self._exactly(length), timestamp=3)
        self.carriers += carrier
        return frame_id, body

    def answer(self, frame_id: int, body: object = None, error: object = None) -> None:
        """Send a reply."""
        self.sock.sendall(pack([frame_id, body, error]))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self.sock.recv(count - len(data))
            assert chunk, "the runtime closed the socket"
            data += chunk
        return data


#: The supervisor's reply to a request: the body, and the error.
Reply = tuple[object, object]


@contextmanager
def answered(
    answer: Callable[[dict[str, Any]], Reply], schema_version: str = DEFAULT_SCHEMA_VERSION
) -> Iterator[Comms]:
    """Connect a `Comms` to a function that answers its requests, on a thread, until the socket is closed."""
    runtime_end, supervisor_end = socket.socketpair()
    comms = Comms(runtime_end, Cancellation(), reply_timeout_s=DEADLINE_S, schema_version=schema_version)

    def serve() -> None:
        supervisor = Supervisor(supervisor_end)
        with supervisor_end:
            while True:
                try:
                    frame_id, body = supervisor.receive()
                except (AssertionError, OSError):
                    return
                supervisor.answer(frame_id, *answer(body))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield comms
    finally:
        comms.close()
        thread.join(DEADLINE_S)
