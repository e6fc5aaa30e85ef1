"""What asks this process to stop: signals, a supervisor that is gone, a dead parent process, a time limit.

What a stop means to the task is in `dagfloe.cancellation`.
"""

from __future__ import annotations

# The module `signal` makes enums of these constants, which takes 0.5 ms in every task.
import _signal as signal  # type: ignore[import-not-found]
import os
import select
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from typing_extensions import Self

    from dagfloe.cancellation import Cancellation

#: How long a task may clean up after the supervisor or the parent process is gone.
ORPHAN_GRACE_S = 5.0
#: A main thread that runs Python code notices a signal within the first of these. The pauses grow to the last.
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.01, 1.0
_SIGNALS = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT"}
_HANGUP = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)


class StopSignals:
    """Turns SIGTERM and SIGINT into a request to the cancellation, for the length of a `with` block.

    Enter it on the main thread. A forked child gets the default handlers back, so that a pool can end its workers.

    Python runs a signal's handler on the main thread, between two bytecode instructions. If the main thread is about
    to enter a blocking call, or another thread received the signal, that may never happen. So the wakeup descriptor
    informs a separate thread of every signal, and this thread signals the main thread until the handler has run.
    """

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation
        self._before: list[object] = []
        self._noticed = threading.Event()
        self._reason: str | None = None

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before = [signal.signal(number, self._handle) for number in _SIGNALS]
        os.register_at_fork(after_in_child=self._after_fork)
        self._thread = threading.Thread(target=self._repeat_signals, name="dagfloe-signals", daemon=True)
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
        """Ignore later signals, so that they cannot change the exit status after the terminal message was delivered."""
        self._before = [signal.SIG_IGN for _ in _SIGNALS]

    def stop_main_thread(self, reason: str) -> None:
        """Request a stop from another thread, and wake the main thread from a blocking call.

        Args:
            reason: a few words for the log.
        """
        self._reason = reason
        _send_to_main_thread(signal.SIGTERM)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._noticed.set()
        self._cancellation.request(self._reason or _SIGNALS[number])

    def _repeat_signals(self) -> None:
        while numbers := os.read(self._reader, 64):
            for number in _SIGNALS:
                pause_s = _FIRST_PAUSE_S
                while number in numbers and not self._noticed.wait(pause_s):
                    _send_to_main_thread(number)
                    pause_s = min(2 * pause_s, _LAST_PAUSE_S)

    def _after_fork(self) -> None:
        if signal.getsignal(signal.SIGTERM) == self._handle:
            signal.set_wakeup_fd(-1)  # otherwise, the child's signals would be written to the parent's pipe
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)


def _send_to_main_thread(number: int) -> None:
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, number)


class TimeLimit:
    """Limits the time of a `with` block: when it is over, the cancellation times out. Enter it on the main thread.

    Args:
        seconds: the time that the block may take.
        cancellation: the cancellation that times out.
    """

    def __init__(self, seconds: float, cancellation: Cancellation) -> None:
        self._seconds = seconds
        self._cancellation = cancellation
        self._before: object = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGALRM, self._handle)
        # Repeated, because a main thread that is about to enter a blocking call may miss the first signal.
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _LAST_PAUSE_S)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._cancellation.time_out(f"the task ran longer than its execution_timeout of {self._seconds:g} s")


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
        self._wake_reader, self._wake_writer = os.pipe()
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
            # Only `Comms` reads data from the comm socket. A parent's pidfd becomes readable when the parent dies.
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
