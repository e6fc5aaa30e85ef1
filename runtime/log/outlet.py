"""The way out of log lines: a queue, the logs socket, and stderr if the socket is broken. Nothing here waits.

What a socket did not take stays in the queue, the rest of a line first. So a line is neither torn nor merged with
another one, whatever interrupts the caller.
"""

from __future__ import annotations

import os
import select
from _socket import MSG_DONTWAIT, MSG_NOSIGNAL  # see `dial`
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

    from dagfloe.runtime.log.sharing import Sharing

_new_poll = select.poll  # saved, because the author's code may replace it, as eventlet does
#: The bytes of lines that wait. More than one line of each thread waits only if writes are interrupted.
MAX_QUEUE_BYTES = 16 * 1024 * 1024
#: What a pipe takes at once if it takes anything: `PIPE_BUF`.
_STDERR_BYTES = 4096
_FLAGS = (MSG_DONTWAIT | MSG_NOSIGNAL,)
#: What `Outlet.send` waits for. `LOCK` is the lock of the socket, which another process holds.
SOCKET, LOCK, STDERR = "socket", "lock", "stderr"


class Outlet:
    """Sends lines in order. The caller makes sure that no two threads call it at the same time.

    Args:
        stderr: the file descriptor for lines that cannot go to the socket.

    Attributes:
        queue: what is not sent yet. Each item is one or more whole lines.
        added: the number of items that were ever added.
        lost: the number of lines that could not be delivered.
        stalled_at: when nothing was taken for the first time; None after something was taken.
        waits_for_lock: whether another process that holds the lock is waited for.
        waits_for_stderr: whether stderr is waited for.
        is_storing: whether the lines are stored, because there is no connection yet.
        sharing: the lock, if other processes use the socket, too.
    """

    def __init__(self, stderr: int) -> None:
        self.waits_for_lock = self.waits_for_stderr = True
        self.is_storing = True
        self.sharing: Sharing | None = None
        self._stderr = stderr
        self._sock: socket | None = None
        self._inode = 0
        self._is_stderr_mid_line = False
        self.after_fork()

    def after_fork(self) -> None:
        """Start with an empty queue in a forked child: what is in it is the parent's, which sends it."""
        self.queue: deque[bytes] = deque()
        self.added = self.lost = self._size = 0
        self.stalled_at: float | None = None
        #: The first item, and how many bytes of it were sent, one number for each call of the system.
        self._head: tuple[bytes, list[int]] = (b"", [])
        self._is_sending = False
        if self.sharing is not None:
            self.sharing.after_fork()

    def connect(self, sock: socket) -> None:
        """Use a connected socket from now on, and own it."""
        sock.settimeout(None)  # with a timeout, Python would poll the socket before every write
        self._sock = sock
        self._inode = os.fstat(sock.fileno()).st_ino
        self.is_storing = False

    def share(self, sharing: Sharing) -> None:
        """Take a lock for every item from now on, because other processes use the socket, too."""
        if self._sock is not None:
            self.sharing = sharing
            if self._is_mid_line():
                sharing.acquire()

    def handover(self) -> tuple[int, int] | None:
        """The descriptors of the socket and of its lock, for another process; None if there is no such pair."""
        if self._sock is None or self.sharing is None or not self._is_socket_ours(self._sock):
            return None
        return self._sock.fileno(), self.sharing.descriptor

    def add(self, lines: bytes) -> str | None:
        """Add whole lines to the queue, or count them as lost if it is full; then send, and return as `send` does."""
        if self._sock is not None and self.sharing is None and not self.queue and not self.is_storing:
            # Nearly all lines take this way, which is the same as the one below, only shorter.
            counts: list[int] = []
            self._head = (lines, counts)
            self.queue.append(lines)
            self.added += 1
            self._is_sending = True
            try:
                counts.extend(map(self._sock.send, (lines,), _FLAGS))
            except OSError:
                pass  # tried again below
            finally:
                self._is_sending = False
            if counts and counts[0] == len(lines):
                self.stalled_at = None
                if self.queue and self.queue[0] is lines:
                    self.queue.popleft()
                return self.send() if self.queue else None
            self._size += len(lines)
            return self.send()
        if self._size > MAX_QUEUE_BYTES:
            self.lost += lines.count(b"\n")
        else:
            self.queue.append(lines)
            self.added += 1
            self._size += len(lines)
        return self.send()

    def send(self) -> str | None:
        """Send what can be sent at once. Return what must be waited for: SOCKET, LOCK, STDERR; None if all is sent."""
        if self._is_sending or self.is_storing:  # in the first case, this function was interrupted, and goes on then
            return None
        self._is_sending = True
        try:
            while self.queue:
                item = self.queue[0]
                if self._head[0] is not item:
                    self._head = (item, [])
                counts = self._head[1]
                done = sum(counts)
                if done == len(item):
                    self._size -= done
                    self.queue.popleft()
                    self._head = (b"", [])  # the next item may be the same object
                else:
                    cause = self._send_some(memoryview(item)[done:] if done else item, counts)
                    if cause is not None:
                        return cause
            self._size = 0
            return None
        finally:
            self._is_sending = False
            if self.sharing is not None and not self._is_mid_line():
                self.sharing.release()

    def give_up(self, cause: str) -> None:
        """Do not wait for something any more that did not take anything in time."""
        self.stalled_at = None
        if cause is SOCKET:
            self.drop_socket()
        elif cause is LOCK:
            self.waits_for_lock = False  # until it is free again
        else:
            self.waits_for_stderr = False
            self._lose_queue()

    def poll(self, cause: str, timeout_s: float) -> bool:
        """Wait until the socket or stderr takes bytes, or is broken."""
        descriptor = self._stderr if cause is STDERR or self._sock is None else self._sock.fileno()
        poller = _new_poll()
        poller.register(descriptor, select.POLLOUT)
        return bool(poller.poll(timeout_s * 1000))

    def drop_socket(self) -> None:
        """Close the socket. What did not arrive goes to stderr, from the beginning of its line on."""
        sock, self._sock = self._sock, None
        if sock is None:
            return
        is_mid_line = self._is_mid_line()
        if self.sharing is not None:
            self.sharing.release(is_mid_line=is_mid_line)
            self.sharing = None
        if is_mid_line:
            item, counts = self._head
            self.queue[0] = item[item.rfind(b"\n", 0, sum(counts)) + 1 :]
        self._head = (b"", [])
        if self._is_socket_ours(sock):
            sock.close()
        else:
            sock.detach()

    def _is_socket_ours(self, sock: socket) -> bool:
        """Whether the author has not closed the socket. Its number may belong to something else then."""
        try:
            return os.fstat(sock.fileno()).st_ino == self._inode
        except OSError:
            return False

    def _is_mid_line(self) -> bool:
        item, counts = self._head
        return bool(counts) and bool(self.queue) and item is self.queue[0] and sum(counts) < len(item)

    def _send_some(self, data: bytes | memoryview, counts: list[int]) -> str | None:
        """Send a part of an item, and add the number of its bytes to `counts`.

        One C function calls the system and stores the number. An exception from a signal handler or from another
        thread comes before or after it, so the numbers are always right.
        """
        sock, sharing = self._sock, self.sharing
        if sock is not None and (sharing is None or self._take_lock(sharing)):
            if sharing is not None and (self._is_changed(sock) or self._head[0] is not self.queue[0]):
                return None
            try:
                counts.extend(map(sock.send, (data,), _FLAGS))
            except BlockingIOError:
                return SOCKET
            except OSError:  # broken. A part of a line may be sent already, so send no more.
                self.drop_socket()
            else:
                self.stalled_at = None
            return None
        if sock is not None and self.waits_for_lock:
            return LOCK
        return self._send_to_stderr(data, counts)

    def _send_to_stderr(self, data: bytes | memoryview, counts: list[int]) -> str | None:
        try:
            if not self.poll(STDERR, 0):
                return STDERR
            if self._is_stderr_mid_line and not counts:
                os.write(self._stderr, b"\n")
                self._is_stderr_mid_line = False
            counts.extend(map(os.write, (self._stderr,), (data[:_STDERR_BYTES],)))
        except BlockingIOError:
            return STDERR
        except OSError:  # nobody reads it, or it is closed
            self._lose_queue()
        else:
            self.stalled_at = None
        return None

    def _take_lock(self, sharing: Sharing) -> bool:
        """Lock the socket against other processes. If one of them died in the middle of a line, end that line first."""
        if not sharing.is_held:
            if not sharing.acquire():
                return False
            self.waits_for_lock = True
            if sharing.is_mid_line:
                self.queue.appendleft(b"\n")
                self.added += 1
        sharing.begin()
        return True

    def _is_changed(self, sock: socket) -> bool:
        """Drop the socket if the author has closed it, as programs do that become daemons."""
        if self._is_socket_ours(sock):
            return False
        self.drop_socket()
        return True

    def _lose_queue(self) -> None:
        self._is_stderr_mid_line = self._is_stderr_mid_line or self._is_mid_line()
        self.lost += sum(item.count(b"\n") for item in self.queue)
        self.queue.clear()
        self._size = 0
