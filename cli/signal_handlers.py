"""Signal handlers that a command installs for the length of a `with` block."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagfloe.runtime.process.main_thread import WAKE, MainThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType

#: How long after a dropped exception the signal is sent again. By then, the callback that dropped it has ended.
_RESEND_S = 0.01


@contextmanager
def handle_signals(
    numbers: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], object]
) -> Iterator[None]:
    """Handle signals with `handler` in the block, and restore the previous handlers afterwards.

    The handler runs soon also if the main thread waits in a blocking call and the signal does not interrupt that call.
    """
    previous = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in previous:
            signal.signal(number, handler)
        with _woken_by_signals():
            yield
    finally:
        for number, previous_handler in previous.items():
            signal.signal(number, previous_handler)


@contextmanager
def _woken_by_signals() -> Iterator[None]:
    """Wake the main thread after each signal in the block: see `MainThread` for why a signal alone may not do it."""
    is_over = threading.Event()
    main_thread = MainThread()
    main_thread.add(_do_nothing)
    reader, writer = socket.socketpair()

    def wake() -> None:
        while numbers := reader.recv(64):
            if any(number != WAKE for number in numbers):
                main_thread.wake(is_over)

    thread = threading.Thread(target=wake, name="signals", daemon=True)
    thread.start()
    writer.setblocking(False)
    previous = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous, warn_on_full_buffer=False)
        is_over.set()
        writer.close()
        thread.join()
        reader.close()
        main_thread.remove(_do_nothing)


def _do_nothing() -> None:
    """Run on the main thread when it was woken: the handlers of all signals run before this."""


@contextmanager
def raise_on_signals(exceptions: Mapping[signal.Signals, Callable[[], BaseException]]) -> Iterator[None]:
    """Raise an exception in the block at the first signal. Ignore further signals: they must not disturb the cleanup.

    Python prints and drops an exception that a handler raises inside a callback of the garbage collector, such as that
    of a weak reference. In that case, nothing is printed and the signal is sent again.

    Args:
        exceptions: makes the exception, by signal. Signals that the process ignores are left alone.
    """
    handled = [number for number in exceptions if signal.getsignal(number) is not signal.SIG_IGN]
    raised: list[tuple[int, BaseException]] = []
    resends: list[threading.Timer] = []
    previous_hook = sys.unraisablehook

    def interrupt(number: int, _: FrameType | None) -> None:
        for other in handled:
            signal.signal(other, signal.SIG_IGN)
        error = exceptions[signal.Signals(number)]()
        raised.append((number, error))
        raise error

    def resend(dropped: sys.UnraisableHookArgs) -> None:
        number = next((number for number, error in raised if error is dropped.exc_value), None)
        if number is None:
            previous_hook(dropped)
            return
        signal.signal(number, interrupt)
        timer = threading.Timer(_RESEND_S, signal.pthread_kill, (threading.main_thread().ident, number))
        resends.append(timer)
        timer.start()

    sys.unraisablehook = resend
    try:
        with handle_signals(handled, interrupt):
            yield
    finally:
        sys.unraisablehook = previous_hook
        for timer in resends:
            timer.cancel()
