"""Runs the runtime's functions on the main thread, also while the main thread waits in a blocking call.

Python runs a signal's handler on the main thread, between two bytecode instructions. A signal that another thread
received, or that arrives right before a blocking call, may have to wait until that call ends. So a thread that wants
the main thread to look sends it a signal of the runtime's own, again and again until the handler has run. The handlers
of all signals that arrived before run with it.
"""

from __future__ import annotations

# The module `signal` makes enums of these constants, which takes 0.5 ms in every task.
import _signal as signal  # type: ignore[import-not-found]
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: A signal that hardly any program uses. The author may do what they like with all the others.
WAKE: int = signal.SIGRTMAX - 5 if hasattr(signal, "SIGRTMAX") else signal.SIGURG
#: A main thread that runs Python code notices a signal within the first of these. The pauses grow to the last.
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.01, 1.0


class MainThread:
    """The main thread, for the functions that it runs when a signal wakes it. Create it on the main thread."""

    def __init__(self) -> None:
        self._ident = threading.get_ident()
        self._listeners: list[Callable[[], None]] = []
        self._woken = threading.Event()
        # The author may replace them, or handle signals in ways of their own.
        self._set_handler, self._kill = signal.signal, signal.pthread_kill

    def add(self, listener: Callable[[], None]) -> None:
        """Call a function whenever the main thread was woken. Call this on the main thread.

        Args:
            listener: the function; it may raise, which stops the task.
        """
        self._listeners.append(listener)
        self._set_handler(WAKE, self._handle)

    def remove(self, listener: Callable[[], None]) -> None:
        """Call a function no longer. Call this on the main thread. The signal itself stays harmless."""
        self._listeners.remove(listener)

    def wake(self, is_over: threading.Event) -> None:
        """Wake the main thread, and return when it has run all listeners. Call this on another thread.

        Args:
            is_over: an event that ends the attempts, too.
        """
        self._woken.clear()
        pause_s = _FIRST_PAUSE_S
        while not is_over.is_set():
            self._kill(self._ident, WAKE)
            if self._woken.wait(pause_s):
                return
            pause_s = min(2 * pause_s, _LAST_PAUSE_S)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._woken.set()
        for listener in tuple(self._listeners):
            listener()
