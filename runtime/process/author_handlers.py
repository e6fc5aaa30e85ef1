"""Calls the author's own signal handlers where they can do no harm: not in the middle of a write.

A handler of the author's may raise, log, or make a call to the supervisor. Python would call it between any two
bytecode instructions, also while half a frame or half a line is sent. So this module replaces the two functions of the
C module `_signal` through which all of Python sets and gets handlers. The cancellation decides when to call a handler.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # see `main_thread`

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from dagfloe.cancellation import Cancellation


class AuthorHandlers:
    """The author's signal handlers.

    Args:
        cancellation: decides when a handler is called.
        runtime: the object whose methods are the runtime's own handlers; they are called at once.
    """

    def __init__(self, cancellation: Cancellation, runtime: object) -> None:
        self._cancellation = cancellation
        self._runtime = runtime
        self._handlers: dict[int, Any] = {}
        self._set, self._get = signal.signal, signal.getsignal

    def install(self) -> None:
        """Receive the handlers that are set from now on."""
        signal.signal, signal.getsignal = self._set_handler, self._get_handler

    def uninstall(self) -> None:
        """Restore the functions, and let Python call the author's handlers."""
        signal.signal, signal.getsignal = self._set, self._get
        for number, handler in self._handlers.items():
            if self._get(number) == self._receive:
                self._set(number, handler)
        self._handlers.clear()

    def _set_handler(self, number: int, handler: Any, /) -> Any:
        """Set the handler for a signal, and return the one before it; see `signal.signal`."""
        is_own = not callable(handler) or getattr(handler, "__self__", None) is self._runtime
        before = self._get_handler(number)
        self._set(number, handler if is_own else self._receive)
        if is_own:
            self._handlers.pop(number, None)
        else:
            self._handlers[int(number)] = handler
        return before

    def _get_handler(self, number: int, /) -> Any:
        """The handler for a signal; see `signal.getsignal`."""
        handler = self._get(number)
        return self._handlers.get(number, handler) if handler == self._receive else handler

    def _receive(self, number: int, frame: FrameType | None) -> None:
        handler = self._handlers.get(number)
        if handler is not None:
            self._cancellation.interrupt(lambda: handler(number, frame))
