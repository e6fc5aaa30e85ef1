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
import time
from _thread import allocate_lock
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable
    from types import FrameType
    from typing import ClassVar

#: A signal that hardly any program uses. The author may do what they like with all the others.
WAKE: int = signal.SIGRTMAX - 5 if hasattr(signal, "SIGRTMAX") else signal.SIGURG
#: A main thread that runs Python code notices a signal within the first of these. The pauses grow to the last.
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.01, 1.0


class MainThread:
    """The main thread, for the functions that it runs when a signal wakes it. Create it on the main thread."""

    #: The listeners of all objects, and the lock to release for each: Python has one handler for a signal.
    _listeners: ClassVar[list[tuple[Callable[[], None], LockType]]] = []

    def __init__(self) -> None:
        self._ident = threading.get_ident()
        #: Free when the main thread was woken. An event would not do: its lock is held while it is set, and the handler
        #: may interrupt itself.
        self._asleep = allocate_lock()
        # The author may replace them, or handle signals in ways of their own.
        self._set_handler, self._kill, self._now = signal.signal, signal.pthread_kill, time.monotonic

    def add(self, listener: Callable[[], None]) -> None:
        """Call a function whenever the main thread was woken. Call this on the main thread.

        Args:
            listener: the function; it may raise, which stops the task.
        """
        if not self._listeners:
            self._set_handler(WAKE, self._handle)
        self._listeners.append((listener, self._asleep))

    def remove(self, listener: Callable[[], None]) -> None:
        """Call a function no longer. Call this on the main thread. The signal itself stays harmless."""
        self._listeners.remove((listener, self._asleep))

    def wake(self, is_over: threading.Event, timeout_s: float = float("inf")) -> None:
        """Wake the main thread, and return when it has run all listeners. Call this on another thread.

        Args:
            is_over: an event that ends the attempts, too.
            timeout_s: how many seconds the attempts may take: the main thread cannot wake as long as it runs C code.
        """
        self._asleep.acquire(blocking=False)
        deadline = self._now() + timeout_s
        pause_s = _FIRST_PAUSE_S
        while not is_over.is_set() and self._now() < deadline:
            self._kill(self._ident, WAKE)
            if self._asleep.acquire(timeout=pause_s):
                return
            pause_s = min(2 * pause_s, _LAST_PAUSE_S)

    @classmethod
    def _handle(cls, _number: int, _frame: FrameType | None) -> None:
        listeners = tuple(cls._listeners)
        for _, asleep in listeners:
            with suppress(RuntimeError):  # it is free
                asleep.release()
        for listener, _ in listeners:
            listener()
