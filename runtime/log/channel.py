"""The logs socket: all log lines of the process go through one `LogChannel`, in order.

A write is a buffer and a wait. The channel adds the lines to the queue of its `Outlet`, which sends what the socket
takes at once, and then waits for the rest. Only the wait can be interrupted; the next write sends the rest first. No
thread holds the lock while it waits.

A peer that takes nothing for some time is given up. From then on, lines go to the real stderr, which the supervisor
also reads. If nobody reads that either, lines are lost, and the channel counts them.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from logging import WARNING
from time import monotonic, sleep, time

from dagfloe.runtime.log.levels import level_name
from dagfloe.runtime.log.outlet import LOCK, STDERR, Outlet
from dagfloe.runtime.log.render import render
from dagfloe.runtime.log.sanitizer import class_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Mapping

    from dagfloe.cancellation import Cancellation
    from dagfloe.masking import Secrets
    from dagfloe.runtime.log.levels import Levels

#: How long the supervisor may take nothing. It reads logs and answers requests in one thread, so a slow request delays
#: the reading of logs.
WRITE_TIMEOUT_S = 300.0
#: The same for a task that must end and for a process that ends, and the same for stderr.
LAST_WRITE_TIMEOUT_S = 2.0
#: How long another process may hold the lock and send nothing, although the socket takes bytes.
LOCK_TIMEOUT_S = 10.0
#: How often a waiting thread looks whether another one has given up the socket, or whether the task must end.
_LONGEST_PAUSE_S = 0.5
#: The pauses of a thread that waits for the lock. They grow from the first to the last.
_FIRST_LOCK_PAUSE_S, _LAST_LOCK_PAUSE_S = 0.0005, 0.01


class LogChannel:
    """Stores log lines until it is connected, then sends them to the socket, or to stderr if the socket is broken.

    Args:
        cancellation: its shield protects the queue from a stop; its window lets a stop interrupt a wait.
        secrets: the secrets to mask in every line.
        stderr: the file descriptor for lines that cannot go to the socket.
        levels: the enabled levels of `log`; None enables all.

    Attributes:
        mask: masks the secrets in a string.
        shield: a `with` block that a stop does not interrupt.
        lock: a reentrant lock for what threads must not do at the same time. Never wait while you hold it.
    """

    def __init__(
        self, cancellation: Cancellation, secrets: Secrets, stderr: int = 2, *, levels: Levels | None = None
    ) -> None:
        self.mask = secrets.mask
        self.shield = cancellation.shield()
        self.lock = threading.RLock()
        self._window = cancellation.window()
        self._cancellation = cancellation
        self._levels = levels
        self._outlet = Outlet(stderr)
        self._timeout_s = WRITE_TIMEOUT_S
        self._is_exiting = False
        #: When the task had to end, and when the process that holds the lock stopped to send.
        self._ended_at: float | None = None
        self._lock_stalled_at: float | None = None
        # The author may replace the functions in their module and in this one, as libraries that freeze the time do.
        self._now, self._sleep = monotonic, sleep

    @property
    def is_storing(self) -> bool:
        """Whether the lines are stored, because the channel is not connected yet."""
        return self._outlet.is_storing

    def connect(self, sock: socket, write_timeout_s: float = WRITE_TIMEOUT_S) -> None:
        """Send the stored lines, and all later ones, to a connected socket.

        Args:
            sock: the connected socket; the channel owns it from now on.
            write_timeout_s: how many seconds the peer may take nothing before the socket counts as broken.
        """
        with self.shield, self.lock:
            self._outlet.connect(sock)
            self._timeout_s = write_timeout_s
        self.wait()

    def write(self, lines: bytes) -> None:
        """Send or store whole lines, and wait until they are sent. Never raises, except for a stop.

        Args:
            lines: one or more lines, each with its newline.
        """
        with self.shield:
            with self.lock:
                must_wait = self.add(lines)
            if must_wait:
                self._wait()

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
            name = level_name(level)
            try:
                line = render(time(), name, logger, event, self.mask, fields, exception)
            except (MemoryError, RecursionError) as error:
                event = f"{event} (the rest of this record cannot be shown: {class_name(error)})"
                line = render(time(), name, logger, event, self.mask)
            self.write(line)

    def add(self, lines: bytes) -> bool:
        """Send or store whole lines, and do not wait. Call it with the shield and the lock. Never raises.

        Args:
            lines: one or more lines, each with its newline.

        Returns:
            Whether the caller must call `wait`, without the lock.
        """
        return self._outlet.add(lines) is not None

    def wait(self) -> None:
        """Wait until the lines that were added are sent, or given up. Never raises, except for a stop."""
        with self.shield:
            self._wait()

    def finish(self) -> None:
        """Send what is left, because the process ends, and say how many lines were lost. May be called again."""
        self._is_exiting = True
        self._outlet.is_storing = False
        self.wait()
        lost = self._outlet.lost
        if lost:
            self.log(WARNING, "dagfloe.runtime", f"{lost} log lines are lost, because nobody read them in time")
            self._outlet.lost = lost if self._outlet.lost > lost else 0  # this line may be lost, too

    def close(self) -> None:
        """Send what is left, and close the socket; later lines go to stderr. May be called again."""
        self.finish()
        with self.shield, self.lock:
            self._outlet.drop_socket()

    def share(self) -> None:
        """Prepare the socket for other processes that send to it, too. Never raises, and may be called again."""
        with self.shield, self.lock:
            if self._outlet.sharing is None:
                # Without descriptors, neither the module nor the lock can be loaded. Lines may be mixed up then.
                with suppress(OSError, ImportError):
                    from dagfloe.runtime.log.sharing import Sharing  # noqa: PLC0415 - most tasks start no process

                    self._outlet.share(Sharing.create())

    def handover(self) -> tuple[int, int] | None:
        """The descriptors of the socket and of its lock, for another process; None if it cannot use them."""
        self.share()
        with self.shield, self.lock:
            return self._outlet.handover()

    def join(self, sock: socket, lock: int) -> None:
        """Use the socket of another process from now on.

        Args:
            sock: the connected socket.
            lock: the descriptor of its lock.
        """
        from dagfloe.runtime.log.sharing import Sharing  # noqa: PLC0415 - see above

        with self.shield, self.lock:
            self._outlet.connect(sock)
            self._outlet.share(Sharing(lock))
        self.wait()

    def after_fork(self) -> None:
        """Make the channel usable in a forked child, even if another thread held the lock during the fork."""
        self.lock = threading.RLock()
        self._is_exiting = False
        self._ended_at = self._lock_stalled_at = None
        self._outlet.after_fork()

    def _wait(self) -> None:
        """Wait until everything is sent that was added up to now. The caller holds the shield, but not the lock."""
        outlet = self._outlet
        last = outlet.added
        lock_pause_s = _FIRST_LOCK_PAUSE_S
        while True:
            with self.lock:
                cause = outlet.send()
                if cause is None or outlet.added - len(outlet.queue) >= last:
                    return
                remaining_s = self._remaining_s(cause)
                if remaining_s <= 0:
                    self._lock_stalled_at = None
                    outlet.give_up(cause)
                    continue
            with self._window:
                if cause is LOCK:
                    self._sleep(min(remaining_s, lock_pause_s))
                    lock_pause_s = min(2 * lock_pause_s, _LAST_LOCK_PAUSE_S)
                else:
                    outlet.poll(cause, min(remaining_s, _LONGEST_PAUSE_S))

    def _remaining_s(self, cause: str) -> float:
        """How long a thread may still wait if nothing is taken meanwhile."""
        outlet = self._outlet
        now = self._now()
        if cause is LOCK and outlet.sharing is not None:
            if outlet.sharing.has_moved():
                self._lock_stalled_at = outlet.stalled_at = None
            elif outlet.poll(cause, 0):  # the socket takes bytes, so the other process could send some
                self._lock_stalled_at = now if self._lock_stalled_at is None else self._lock_stalled_at
                return self._lock_stalled_at + LOCK_TIMEOUT_S - now
        if outlet.stalled_at is None:
            outlet.stalled_at = now
        if cause is STDERR:
            return outlet.stalled_at + LAST_WRITE_TIMEOUT_S - now if outlet.waits_for_stderr else 0.0
        if self._ended_at is None and (self._is_exiting or self._cancellation.is_ending):
            self._ended_at = now
        end = outlet.stalled_at + self._timeout_s
        if self._ended_at is not None:
            end = min(end, max(outlet.stalled_at, self._ended_at) + LAST_WRITE_TIMEOUT_S)
        return end - now
