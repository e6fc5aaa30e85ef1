"""What asks this process to stop: signals, a supervisor that is gone, a dead parent process, a time limit.

What a stop means to the task is in `dagfloe.cancellation`.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # see `main_thread`
import os
import select
import threading
import time

from dagfloe.runtime.descriptors import move_up
from dagfloe.runtime.process.author_handlers import AuthorHandlers
from dagfloe.runtime.process.main_thread import WAKE, MainThread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typing_extensions import Self

    from dagfloe.cancellation import Cancellation

#: How long a task may clean up after the supervisor or the parent process is gone.
ORPHAN_GRACE_S = 5.0
#: How long a task that is too late may clean up before it is interrupted again.
LATE_GRACE_S = 10.0
#: How long the end waits for a thread that has nothing left to do.
_JOIN_TIMEOUT_S = 5.0
_SIGNALS = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT"}
_HANGUP = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
#: In a wake-up pipe, instead of the number of a signal: the thread that reads it ends.
_END = b"\0"


class StopSignals:
    """Turns SIGTERM and SIGINT into a request to the cancellation, for the length of a `with` block.

    Enter it on the main thread. A forked child gets the default handlers back, so that a pool can end its workers.

    The wakeup descriptor informs a separate thread of every signal, and this thread wakes the main thread. The author's
    own handlers are called as `AuthorHandlers` describes.
    """

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation
        self._handlers = AuthorHandlers(cancellation, self)
        self._set_handler = signal.signal
        self._before: list[object] = []
        self._reason: str | None = None
        self._ended = threading.Event()
        self._is_active = False

    def __enter__(self) -> Self:
        self._reader, self._writer = map(move_up, os.pipe())
        os.set_blocking(self._writer, False)
        self._main_thread = MainThread()
        self._main_thread.add(self._request_if_stopped)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before = [self._set_handler(number, self.handle) for number in _SIGNALS]
        self._handlers.install()
        self._is_active = True
        os.register_at_fork(after_in_child=self._after_fork)
        self._thread = threading.Thread(target=self._wake_main_thread, name="dagfloe-signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_active:  # a forked child
            return
        self._is_active = False
        self._handlers.uninstall()
        signal.set_wakeup_fd(-1)
        for number, handler in zip(_SIGNALS, self._before, strict=True):
            self._set_handler(number, handler)
        self._ended.set()
        _end_thread(self._thread, self._reader, self._writer)
        self._main_thread.remove(self._request_if_stopped)

    def ignore_from_now_on(self) -> None:
        """Ignore later signals, so that they cannot change the exit status after the terminal message was delivered."""
        self._before = [signal.SIG_IGN for _ in _SIGNALS]

    def stop_main_thread(self, reason: str) -> None:
        """Request a stop from another thread, and wake the main thread from a blocking call, if it can wake in time.

        Args:
            reason: a few words for the log.
        """
        self._reason = reason
        self._main_thread.wake(self._ended, ORPHAN_GRACE_S)

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Request a stop. This is the handler of SIGTERM and SIGINT."""
        self._cancellation.request(_SIGNALS[number])

    def _request_if_stopped(self) -> None:
        if self._reason is not None:
            self._cancellation.request(self._reason)

    def _wake_main_thread(self) -> None:
        own = {WAKE, *_END}
        while _END not in (numbers := os.read(self._reader, 64)):
            if not own.issuperset(numbers):
                self._main_thread.wake(self._ended)

    def _after_fork(self) -> None:
        if not self._is_active:
            return
        self._is_active = False
        signal.set_wakeup_fd(-1)  # otherwise, the child's signals would be written to the parent's pipe
        os.close(self._reader)
        os.close(self._writer)
        self._cancellation.after_fork()
        self._handlers.uninstall()
        for number in _SIGNALS:
            if signal.getsignal(number) == self.handle:
                self._set_handler(number, signal.SIG_DFL)


class TimeLimit:
    """Limits the time of a `with` block: when it is over, the cancellation times out. Enter it on the main thread.

    If the block goes on, it times out again after some seconds. The limit is a thread, because the author may set
    timers and handle signals.

    Args:
        seconds: the time that the block may take.
        cancellation: the cancellation that times out.
        grace_s: how many seconds the block may clean up before it times out again.
    """

    def __init__(self, seconds: float, cancellation: Cancellation, grace_s: float = LATE_GRACE_S) -> None:
        self._seconds = seconds
        self._cancellation = cancellation
        self._grace_s = grace_s
        self._is_late = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._limit, name="dagfloe-limit", daemon=True)

    def __enter__(self) -> Self:
        self._main_thread = MainThread()
        self._main_thread.add(self._time_out_if_late)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(_JOIN_TIMEOUT_S)
        self._main_thread.remove(self._time_out_if_late)

    def _limit(self) -> None:
        pause_s = self._seconds
        while not self._ended.wait(pause_s):
            self._is_late = True
            self._main_thread.wake(self._ended)
            pause_s = self._grace_s

    def _time_out_if_late(self) -> None:
        if self._is_late:
            self._is_late = False
            self._cancellation.time_out(f"the task ran longer than its execution_timeout of {self._seconds:g} s")


def _end_thread(thread: threading.Thread, reader: int, writer: int) -> None:
    """End a thread that reads a pipe, and close the pipe. Other processes may have it open, too."""
    os.write(writer, _END)
    thread.join(_JOIN_TIMEOUT_S)
    if not thread.is_alive():
        os.close(reader)
        os.close(writer)


class PeerWatch:
    """Watches, on a separate thread, whether the supervisor and the parent process are still there.

    Args:
        comm: the comm socket's file descriptor; when the other end is closed, the supervisor is gone.
        parent: the parent process, as `host.open_parent` returns it.
        leave: called to end the process if it still runs `grace_s` seconds after one of them is gone; must not return.
        grace_s: how many seconds the task may clean up.
    """

    def __init__(
        self,
        comm: int,
        parent: int | None,
        leave: Callable[[], None],
        grace_s: float = ORPHAN_GRACE_S,
    ) -> None:
        self._reasons = {comm: "the supervisor is gone"}
        if parent is not None:
            self._reasons[parent] = "the bundle's parent process is gone"
        self._parent = parent
        self._on_gone: Callable[[str], None] | None = None
        self._gone: str | None = None
        self._lock = threading.Lock()
        self._leave = leave
        self._grace_s = grace_s
        self._stopped = threading.Event()
        self._now = time.monotonic  # the author may replace it
        self._wake_reader, self._wake_writer = map(move_up, os.pipe())
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._watch, name="dagfloe-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def notify(self, on_gone: Callable[[str], None]) -> None:
        """Call a function when the supervisor or the parent is gone, also if it is gone already.

        Args:
            on_gone: called once, on any thread, with a few words for the log.
        """
        with self._lock:
            self._on_gone, gone = on_gone, self._gone
        if gone is not None:
            on_gone(gone)

    def __exit__(self, *_: object) -> None:
        if os.getpid() != self._pid:  # a forked child, which has neither the thread nor the pipe
            return
        self._stopped.set()
        _end_thread(self._thread, self._wake_reader, self._wake_writer)
        if self._parent is not None and not self._thread.is_alive():
            os.close(self._parent)

    def _watch(self) -> None:
        poller = select.poll()
        poller.register(self._wake_reader, select.POLLIN)
        for descriptor in self._reasons:
            # Only `Comms` reads data from the comm socket. A parent's pidfd becomes readable when the parent dies.
            poller.register(descriptor, select.POLLIN if descriptor == self._parent else _HANGUP)
        gone = poller.poll()[0][0]
        if self._stopped.is_set():
            return
        deadline = self._now() + self._grace_s
        with self._lock:
            self._gone, on_gone = self._reasons[gone], self._on_gone
        if on_gone is not None:
            on_gone(self._gone)
        if not self._stopped.wait(max(deadline - self._now(), 0.0)):
            self._leave()
