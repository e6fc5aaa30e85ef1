"""The comm socket: sends requests to the supervisor and waits for their replies. Any thread may use it.

There is no reader thread, because passing replies from one thread to another would double the time of a call. One of
the waiting threads, the leader, waits on the socket for all of them. When it has its own reply, another thread takes
over. In the same way, one thread, the writer, waits until the socket takes the frames that it did not take at once.

Bytes are read and written inside the cancellation's shield, where nothing interrupts the main thread. Only the waiting
can be interrupted, by a stop or by a signal handler of the author's, which may itself make a call. What is left of a
frame stays in the queue, and the next call sends it first, so the supervisor never receives a part of a frame.
"""

from __future__ import annotations

import os
import select
import threading
import time
from _socket import SHUT_WR  # see `dial`
from collections import deque
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

_new_poll = select.poll  # saved, because the author's code may replace it, as eventlet does
#: Longer than the supervisor's call to the API server takes, its retries included.
REPLY_TIMEOUT_S = 300.0
#: How long the supervisor may read nothing of a terminal message, if the task must end. Other frames have more time.
LAST_WRITE_TIMEOUT_S = 30.0
_READ_BYTES = 1 << 16
_GONE = "the supervisor is gone (its socket {}): the task cannot continue; Airflow will notice by itself"


class Comms:
    """The comm socket.

    Args:
        sock: the connected socket; `Comms` owns it from now on.
        cancellation: its shield covers reads and writes; a stop interrupts the waiting.
        reply_timeout_s: how many seconds a request waits without any progress: of the supervisor that reads it, and
            then of the reply.
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
        schema_version: str = DEFAULT_SCHEMA_VERSION,
    ) -> None:
        sock.setblocking(False)
        self.carrier: Mapping[str, str] | None = None
        self._schema_version = schema_version
        self.reply_timeout_s = reply_timeout_s
        self._sock = sock
        self._pid = os.getpid()
        self._cancellation = cancellation
        self._shield = cancellation.shield()
        self._window = cancellation.window()
        self._decoder = FrameDecoder(MAX_FRAME_BYTES)
        # The author may replace the functions, as libraries that freeze the time do.
        self._now, self._fstat = time.monotonic, os.fstat
        self._inode = os.fstat(sock.fileno()).st_ino
        self._readable: select.poll | None = None  # reused from one wait to the next
        self._lock = threading.RLock()  # protects all attributes below
        self._pauses: list[threading.Lock] = []  # the threads that wait for others
        self._leader: int | None = None
        self._waiting: set[int] = set()
        self._arrived: dict[int, Frame] = {}
        self._last_id = 0
        self._read_at = 0.0  # when the last part of a frame arrived
        #: What is not sent yet: the parts of frames, and None after the last part of each.
        self._queue: deque[bytes | memoryview | None] = deque()
        self._writer: int | None = None
        self._is_sending = False
        self._queued = self._sent = self._sent_bytes = 0
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
        self._exchange(0, body, LAST_WRITE_TIMEOUT_S if self._cancellation.is_ending else None)

    def close(self) -> None:
        """Close the socket after everything that was written is delivered."""
        if not self._is_socket_ours():
            self._sock.detach()
            return
        with suppress(OSError):  # the peer closed it first
            self._sock.shutdown(SHUT_WR)
        self._sock.close()

    def _exchange(
        self, frame_id: int | None, body: Mapping[str, Any], write_timeout_s: float | None = None
    ) -> dict[str, Any] | None:
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
                self._send(
                    encode_frame(frame_id, body, self.carrier),
                    timeout_s if write_timeout_s is None else write_timeout_s,
                )
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

    def _send(self, parts: tuple[bytes | memoryview, ...], timeout_s: float) -> None:
        """Send a frame, after the frames in the queue."""
        with self._lock:
            if self._is_sending:  # a finalizer interrupts this thread, which cannot continue before it returns
                raise LocalProtocolError(
                    "the Client was used in a finalizer or a weakref callback that interrupted another call: "
                    "nothing was sent; make the call in the task's function"
                )
            self._check_connection()
            self._queue.extend((*parts, None))
            self._queued += 1
            self._send_queue()
            if self._queue:
                self._wait_until_sent(self._queued, timeout_s)

    def _check_connection(self) -> None:
        if self._failure is None and not self._is_socket_ours():
            self._lose(
                "the task closed the connection to the supervisor, as with os.closerange: close only what you opened"
            )
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise type(self._failure)(str(self._failure)) from self._failure

    def _is_socket_ours(self) -> bool:
        """Whether the author has not closed the socket. Its number may belong to something else then."""
        try:
            return self._fstat(self._sock.fileno()).st_ino == self._inode
        except OSError:
            return False

    def _send_queue(self) -> None:
        """Send what the socket takes at once."""
        self._is_sending = True
        queue = self._queue
        try:
            while queue:
                part = queue[0]
                if part is None:
                    self._sent += 1
                else:
                    sent = self._sock.send(part)
                    self._sent_bytes += sent
                    if sent < len(part):
                        queue[0] = memoryview(part)[sent:]
                        continue
                queue.popleft()
        except BlockingIOError:
            pass
        except OSError as error:
            raise self._lose(_GONE.format(f"broke: {error.strerror}")) from error
        finally:
            self._is_sending = False
            self._wake_others()

    def _wait_until_sent(self, number: int, timeout_s: float) -> None:
        """Wait until the socket has taken a frame. The time limit begins again whenever it takes something."""
        me = get_ident()
        sent_bytes = -1
        deadline = 0.0
        while self._sent < number:
            self._check_connection()
            if self._sent_bytes > sent_bytes:
                sent_bytes, deadline = self._sent_bytes, self._now() + timeout_s
            remaining_s = deadline - self._now()
            if remaining_s <= 0:
                # A part of the frame may be sent: the supervisor could not decode anything after it.
                raise self._lose(
                    f"the supervisor read nothing of a frame for {timeout_s:g} s, {self._count_unsent()} bytes are left"
                )
            if self._writer in (None, me):
                self._write(me, remaining_s)
            else:
                self._pause(remaining_s)

    def _write(self, me: int, timeout_s: float) -> None:
        """Wait for the socket once, and send for all threads.

        Read, too, if no other thread does: the supervisor may be waiting until its own frame is read.
        """
        self._writer = me
        events = select.POLLOUT
        if reads := self._leader is None:
            self._leader = me
            events |= select.POLLIN
        poller = _poller(self._sock, events)
        ready: list[tuple[int, int]] = []
        self._lock.release()
        try:
            with self._window:
                ready = poller.poll(timeout_s * 1000)
        finally:
            self._lock.acquire()
            self._writer = None
            if reads:
                self._leader = None
            self._wake_others()
        if ready and reads and ready[0][1] & ~select.POLLOUT:
            self._read()
        self._send_queue()

    def _count_unsent(self) -> int:
        return sum(len(part) for part in self._queue if part is not None)

    def _pause(self, timeout_s: float) -> None:
        """Wait until another thread has read or sent something. A stop may interrupt only the wait itself."""
        pause = threading.Lock()
        pause.acquire()
        self._pauses.append(pause)
        self._lock.release()
        try:
            with self._window:
                pause.acquire(timeout=min(timeout_s, threading.TIMEOUT_MAX))
        finally:
            self._lock.acquire()
            with suppress(ValueError):
                self._pauses.remove(pause)

    def _wake_others(self) -> None:
        while self._pauses:
            self._pauses.pop().release()

    def _wait_for(self, frame_id: int, timeout_s: float, request: Mapping[str, Any] | None) -> Frame:
        start = self._now()
        me = get_ident()
        check = self._check_connection if request is None else self._raise_failure  # a request has just been sent
        with self._lock:
            try:
                while frame_id not in self._arrived:
                    check()
                    check = self._check_connection
                    # A large reply takes its time, but not without any progress.
                    remaining_s = max(start, self._read_at) + timeout_s - self._now()
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
                        self._pause(remaining_s)
                return self._arrived[frame_id]
            finally:
                self._waiting.discard(frame_id)
                self._arrived.pop(frame_id, None)
                if self._waiting:
                    self._wake_others()

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
            if self._decoder.pending_bytes:
                self._read_at = self._now()
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
            self._wake_others()

    def _lose(self, message: str) -> ConnectionLostError:
        self._failure = ConnectionLostError(message)
        return self._failure


def _poller(sock: socket, event: int) -> select.poll:
    poller = _new_poll()
    poller.register(sock, event)
    return poller
