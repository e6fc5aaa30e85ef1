"""How a process learns that it should stop: signals, a supervisor that vanished, a dead parent process.

Thin: what a stop means to the task is in `dagfloe.cancellation`.
"""

from __future__ import annotations

# The module `signal` makes enums of all this, which costs every task half a millisecond.
import _signal as signal  # type: ignore[import-not-found]
import logging
import os
import select
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typing_extensions import Self

    from dagfloe.cancellation import Cancellation

#: How long a task may go on cleaning up when nobody waits for it any more.
ORPHAN_GRACE_S = 5.0
#: A main thread that is nowhere near a blocking call notices a signal sooner than this; later, it is asked less often.
_FIRST_NUDGE_S, _LAST_NUDGE_S = 0.01, 1.0
_SIGNALS = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT"}
_HANGUP = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)

log = logging.getLogger("dagfloe.signals")


class StopSignals:
    """Turns SIGTERM and SIGINT into a request to the cancellation, for the length of a `with` block.

    Must be entered on the main thread. A forked child gets the default handlers back, so that a pool can end its
    workers.

    Python runs a signal's handler on the main thread when that comes by, and a main thread that is about to enter a
    blocking call, or whose signal was taken by another thread, may not come by for ever. So a thread of its own is
    told of every signal at once, and nudges the main thread until the handler has run.
    """

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation
        self._before: list[object] = []
        self._noticed = threading.Event()
        self._vanished: str | None = None

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before = [signal.signal(number, self._handle) for number in _SIGNALS]
        os.register_at_fork(after_in_child=self._after_fork)
        self._thread = threading.Thread(target=self._nudge, name="dagfloe-signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in zip(_SIGNALS, self._before, strict=True):
            signal.signal(number, handler)
        os.close(self._writer)
        self._noticed.set()
        self._thread.join()
        os.close(self._reader)

    def ignore_from_now_on(self) -> None:
        """Let no late signal change the exit status: the terminal message was delivered, and the process is ending."""
        self._before = [signal.SIG_IGN for _ in _SIGNALS]

    def stop_main_thread(self, reason: str) -> None:
        """Ask for a stop from another thread, waking the main thread from blocking calls."""
        self._vanished = reason
        _send_to_main_thread(signal.SIGTERM)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._noticed.set()
        self._cancellation.request(self._vanished or _SIGNALS[number])

    def _nudge(self) -> None:
        while numbers := os.read(self._reader, 64):
            for number in _SIGNALS:
                pause_s = _FIRST_NUDGE_S
                while number in numbers and not self._noticed.wait(pause_s):
                    _send_to_main_thread(number)
                    pause_s = min(2 * pause_s, _LAST_NUDGE_S)

    def _after_fork(self) -> None:
        if signal.getsignal(signal.SIGTERM) == self._handle:
            signal.set_wakeup_fd(-1)  # else the child's signals would be told to the parent
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)


def _send_to_main_thread(number: int) -> None:
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, number)


class TimeLimit:
    """Tells the cancellation when the time of a `with` block is over. Must be entered on the main thread.

    Args:
        seconds: the time.
        cancellation: what is told.
    """

    def __init__(self, seconds: float, cancellation: Cancellation) -> None:
        self._seconds = seconds
        self._cancellation = cancellation
        self._before: object = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGALRM, self._handle)
        # Again and again, because a main thread that is about to enter a blocking call may miss the first one.
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _LAST_NUDGE_S)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._cancellation.time_out(f"the task ran longer than its execution_timeout of {self._seconds:g} s")


class PeerWatch:
    """Watches, on a thread of its own, that somebody still waits for this task's end.

    Args:
        comm: the comm socket's descriptor; the supervisor's end closing means that it is gone.
        parent: what `host.open_parent` gave.
        leave: ends the process when it has not ended `grace_s` seconds after somebody was gone; must not return.
        grace_s: see `leave`.
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
        self._wake_reader, self._wake_writer = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="dagfloe-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def tell(self, on_gone: Callable[[str], None]) -> None:
        """From now on, also tell somebody, once, on any thread, in a few words that say who is gone."""
        with self._lock:
            self._on_gone, gone = on_gone, self._gone
        if gone is not None:
            on_gone(gone)

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        os.write(self._wake_writer, b".")
        self._thread.join(self._grace_s)
        if not self._thread.is_alive():
            os.close(self._wake_reader)
            os.close(self._wake_writer)
            if self._parent is not None:
                os.close(self._parent)

    def _watch(self) -> None:
        poller = select.poll()
        poller.register(self._wake_reader, select.POLLIN)
        for descriptor in self._reasons:
            # Readable data on the comm socket is not ours to see; a parent's pidfd becomes readable at its death.
            poller.register(descriptor, select.POLLIN if descriptor == self._parent else _HANGUP)
        gone = poller.poll()[0][0]
        if self._stopped.is_set():
            return
        with self._lock:
            self._gone, on_gone = self._reasons[gone], self._on_gone
        if on_gone is not None:
            on_gone(self._gone)
        if not self._stopped.wait(self._grace_s):
            self._leave()
