"""The comm socket on the supervisor's side: reads what is there, and never waits for a bundle that does not read."""

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
    """The comm socket. While replies are waiting to be taken, no requests are read.

    Args:
        sock: the connected socket; it is owned from here on.
    """

    def __init__(self, sock: socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._decoder = RequestDecoder()
        self._unsent = bytearray()
        self._is_deaf = False

    @property
    def events(self) -> int:
        """What to wait for."""
        return selectors.EVENT_WRITE if self._unsent else selectors.EVENT_READ

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished frame have arrived."""
        return self._decoder.pending_bytes

    def send(self, frame_id: int, body: dict[str, Any] | None, error: dict[str, Any] | None = None) -> None:
        """Send a frame, now or as soon as the bundle takes it."""
        if not self._is_deaf:
            self._unsent += encode_reply(frame_id, body, error)
            self.flush()

    def flush(self) -> None:
        """Send what can be sent now."""
        try:
            while self._unsent:
                del self._unsent[: self.sock.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:  # the bundle is gone: there is nobody to tell, but what it had said is still read
            self._is_deaf = True
            self._unsent.clear()

    def read(self) -> Iterator[Request]:
        """The requests that have arrived, up to one whose reply could not be sent at once.

        Raises:
            EOFError: when the bundle has closed its side, or it broke.
            TaskLost: at something that is no frame.
        """
        yield from self._decode(b"")
        if self._unsent:
            return
        try:
            data = self.sock.recv(READ_BYTES)
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
            if self._unsent:  # the rest stays in the decoder
                return
