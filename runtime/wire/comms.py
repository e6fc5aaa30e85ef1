"""The comm socket: sends requests to the supervisor and waits for their replies. Any thread may use it.

There is no reader thread, because passing replies from one thread to another would double the time of a call. One of
the waiting threads, the leader, waits on the socket for all of them. When it has its own reply, another thread takes
over. Bytes are read and written inside the cancellation's shield, so a stop never leaves half a frame behind in either
direction. Only the waiting can be interrupted.
"""

from __future__ import annotations

import os
import select
import threading
import time
from _socket import SHUT_WR  # see `dial`
from contextlib import suppress
from threading import get_ident

from dagfloe.errors import ConnectionLostError, LocalProtocolError, RemoteProtocolError, ReplyTimeoutError
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION
from dagfloe.runtime.wire.frames import MAX_FRAME_BYTES, FrameDecoder, encode_frame
from dagfloe.runtime.wire.requests import check_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping
    from typing import Any

    from dagfloe.cancellation import Cancellation
    from dagfloe.runtime.wire.frames import Frame

#: Longer than the supervisor's call to the API server takes, its retries included.
REPLY_TIMEOUT_S = 300.0
#: How long the supervisor may take to read a frame.
WRITE_TIMEOUT_S = 30.0
_READ_BYTES = 1 << 16
_GONE = "the supervisor is gone (its socket {}): the task cannot continue; Airflow will notice by itself"


class Comms:
    """The comm socket.

    Args:
        sock: the connected socket; `Comms` owns it from now on.
        cancellation: its shield covers reads and writes; a stop interrupts the waiting.
        reply_timeout_s: how many seconds a request waits for its reply.
        write_timeout_s: how many seconds the peer may take to accept a frame.
        schema_version: the supervisor schema version that bodies are checked against.

    Attributes:
        carrier: the W3C trace context (traceparent, tracestate) that every request carries, if there is one.
        is_finished: whether the terminal message was sent.
    """

    def __init__(
        self,
        sock: socket,
        cancellation: Cancellation,
        *,
        reply_timeout_s: float = REPLY_TIMEOUT_S,
        write_timeout_s: float = WRITE_TIMEOUT_S,
        schema_version: str = DEFAULT_SCHEMA_VERSION,
    ) -> None:
        sock.setblocking(False)
        self.carrier: Mapping[str, str] | None = None
        self._schema_version = schema_version
        self.reply_timeout_s = reply_timeout_s
        self._write_timeout_s = write_timeout_s
        self._sock = sock
        self._pid = os.getpid()
        self._shield = cancellation.shield()
        self._window = cancellation.window()
        self._decoder = FrameDecoder(MAX_FRAME_BYTES)
        self._send_lock = threading.Lock()
        self._readable: select.poll | None = None  # reused from one wait to the next
        self._lock = threading.RLock()  # protects all attributes below
        self._turn = threading.Condition(self._lock)
        self._leader: int | None = None
        self._waiting: set[int] = set()
        self._arrived: dict[int, Frame] = {}
        self._last_id = 0
        self._failure: Exception | None = None
        self.is_finished = False

    def fileno(self) -> int:
        """The socket's file descriptor, to watch it."""
        return self._sock.fileno()

    def receive_first(self) -> Frame:
        """Wait for the first frame. The supervisor sends it without a request; its id is 0.

        Raises:
            ConnectionLostError: when the supervisor closes the socket before the frame is complete.
            RemoteProtocolError: when the bytes are not a frame, or its id is not 0.
            ReplyTimeoutError: when no frame arrives within `reply_timeout_s`.
        """
        with self._shield:
            self._waiting.add(0)
            return self._wait_for(0, self.reply_timeout_s, None)

    def request(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Send a request and wait for its reply.

        Args:
            body: the message; it is checked before anything is sent.

        Returns:
            The reply's body; None if it is empty.

        Raises:
            LocalProtocolError: when the supervisor would refuse the body.
            SupervisorError: when the supervisor answers with an error; the subclass depends on the error.
            ReplyTimeoutError: when no reply arrives within `reply_timeout_s`.
            ConnectionLostError: when the supervisor is gone.
        """
        return self._exchange(None, body)

    def finish(self, body: Mapping[str, Any]) -> None:
        """Send the terminal message with the id of `StartupDetails`, and wait until the supervisor confirms it.

        Args:
            body: the terminal message.

        Raises:
            As `request` does; after a `SupervisorError` or a `ReplyTimeoutError`, the message was delivered.
        """
        self._exchange(0, body)

    def close(self) -> None:
        """Close the socket after everything that was written is delivered."""
        with suppress(OSError):  # the peer closed it first
            self._sock.shutdown(SHUT_WR)
        self._sock.close()

    def _exchange(self, frame_id: int | None, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Send a frame and wait for its reply. Without a `frame_id`, the frame gets a new id."""
        if os.getpid() != self._pid:
            raise LocalProtocolError(
                "the Client was used in a forked process: only the task's own process may talk to the supervisor; "
                "return the data to that process instead"
            )
        check_request(body, self._schema_version)
        timeout_s = self.reply_timeout_s
        with self._shield:
            with self._lock:
                if frame_id is None:
                    self._last_id = frame_id = self._last_id + 1
                self._waiting.add(frame_id)
            try:
                self._send(encode_frame(frame_id, body, self.carrier))
                if frame_id == 0:
                    self.is_finished = True
            except BaseException:
                with self._lock:
                    self._waiting.discard(frame_id)
                raise
            reply = self._wait_for(frame_id, timeout_s, body)
        error = reply.error
        if error is None and reply.body is not None and reply.body.get("type") == "ErrorResponse":
            error = reply.body
        if error is not None:
            from dagfloe.client.error_replies import error_from_reply  # noqa: PLC0415 - only on this path

            raise error_from_reply(body, error)
        return reply.body

    def _send(self, parts: tuple[bytes | memoryview, ...]) -> None:
        with self._send_lock:
            if self._failure is not None:
                raise ConnectionLostError(str(self._failure)) from self._failure
            try:
                for part in parts:
                    try:
                        sent = self._sock.send(part)
                    except BlockingIOError:
                        sent = 0
                    if sent < len(part):
                        self._send_rest(memoryview(part)[sent:])
            except OSError as error:
                raise self._lose(_GONE.format(f"broke: {error.strerror}")) from error

    def _send_rest(self, view: memoryview) -> None:
        """Send the bytes that the socket did not accept at once."""
        deadline = time.monotonic() + self._write_timeout_s
        poller = _poller(self._sock, select.POLLOUT)
        while view:
            if not _wait_ready(poller, deadline):
                # Half a frame may be sent: the supervisor could not decode anything after it.
                raise self._lose(
                    f"the supervisor did not read a frame within {self._write_timeout_s:g} s, "
                    f"{len(view)} bytes of it are left"
                )
            with suppress(BlockingIOError):
                view = view[self._sock.send(view) :]

    def _wait_for(self, frame_id: int, timeout_s: float, request: Mapping[str, Any] | None) -> Frame:
        deadline = time.monotonic() + timeout_s
        me = get_ident()
        with self._lock:
            try:
                while frame_id not in self._arrived:
                    if self._failure is not None:
                        raise type(self._failure)(str(self._failure)) from self._failure
                    remaining_s = deadline - time.monotonic()
                    if remaining_s <= 0:
                        action = "to send its first frame" if request is None else f"to answer {request['type']}"
                        raise ReplyTimeoutError(
                            f"the supervisor took more than {timeout_s:g} s {action}: "
                            "can the worker reach the API server?"
                        )
                    # This thread may already be the leader, further up its stack: a cleanup callback interrupts a call
                    # and makes another one.
                    if self._leader in (None, me):
                        self._lead(me, remaining_s)
                    else:
                        with self._window:
                            self._turn.wait(remaining_s)
                return self._arrived[frame_id]
            finally:
                self._waiting.discard(frame_id)
                self._arrived.pop(frame_id, None)
                if self._waiting:
                    self._turn.notify_all()

    def _lead(self, me: int, timeout_s: float) -> None:
        """Wait on the socket once for all threads, and store the replies that arrive."""
        self._leader = me
        # Take the poller: a cleanup callback may wait, too, during this wait, and a poller cannot wait twice at once.
        poller, self._readable = self._readable or _poller(self._sock, select.POLLIN), None
        self._lock.release()
        try:
            with self._window:
                readable = poller.poll(timeout_s * 1000)
        finally:
            self._lock.acquire()
            self._leader = None
            self._readable = poller
        if readable:
            self._read()

    def _read(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
            if not data:
                cut = f" after {n} bytes of a frame" if (n := self._decoder.pending_bytes) else ""
                raise self._lose(_GONE.format(f"was closed{cut}"))
            for frame in self._decoder.feed(data):
                if frame.id > self._last_id:
                    raise RemoteProtocolError(f"a frame from the supervisor has an unknown id: {frame.id}")
                if frame.id in self._waiting:  # otherwise, its call has timed out
                    self._arrived[frame.id] = frame
        except BlockingIOError:
            pass
        except RemoteProtocolError as error:
            self._failure = error
            raise
        except OSError as error:
            raise self._lose(_GONE.format(f"broke: {error.strerror}")) from error
        finally:
            if len(self._waiting) > 1:
                self._turn.notify_all()

    def _lose(self, message: str) -> ConnectionLostError:
        self._failure = ConnectionLostError(message)
        return self._failure


def _poller(sock: socket, event: int) -> select.poll:
    poller = select.poll()
    poller.register(sock, event)
    return poller


def _wait_ready(poller: select.poll, deadline: float) -> bool:
    """Wait until the socket is ready or broken. Return False if the deadline passes first."""
    remaining_s = deadline - time.monotonic()
    return remaining_s > 0 and bool(poller.poll(remaining_s * 1000))
