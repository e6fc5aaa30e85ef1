"""The comm socket on the supervisor's side. It waits neither for requests nor for a bundle that does not read."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any

from dagfloe.local.supervise.frame_codec import RequestDecoder, encode_reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

    from dagfloe.local.supervise.frame_codec import Request

READ_BYTES = 1 << 16


class CommChannel:
    """The comm socket. It reads no requests while a reply waits to be sent.

    Args:
        sock: the connected socket. Its owner closes it.
    """

    def __init__(self, sock: socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._decoder = RequestDecoder()
        self._unsent = bytearray()
        self._is_broken = False

    @property
    def events(self) -> int:
        """The selector events to wait for."""
        return selectors.EVENT_WRITE if self._unsent else selectors.EVENT_READ

    @property
    def pending_bytes(self) -> int:
        """The number of bytes of an incomplete frame."""
        return self._decoder.pending_bytes

    def send(self, frame_id: int, body: dict[str, Any] | None, error: dict[str, Any] | None = None) -> None:
        """Send a frame, now or as soon as the bundle reads."""
        if not self._is_broken:
            self._unsent += encode_reply(frame_id, body, error)
            self.flush()

    def flush(self) -> None:
        """Send as much as possible without waiting."""
        try:
            while self._unsent:
                del self._unsent[: self._sock.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:  # the bundle is gone; its last requests are still read
            self._is_broken = True
            self._unsent.clear()

    def read(self) -> Iterator[Request]:
        """Yield the requests that have arrived. Stop after one whose reply could not be sent at once.

        Raises:
            EOFError: if the bundle has closed the connection, or it broke.
            TaskLost: if the bundle sent a malformed frame.
        """
        yield from self._decode(b"")
        if self._unsent:
            return
        try:
            data = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        yield from self._decode(data)

    def _decode(self, data: bytes) -> Iterator[Request]:
        for request in self._decoder.feed(data):
            yield request
            if self._unsent:  # the other requests stay in the decoder
                return
