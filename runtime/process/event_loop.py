"""Runs the coroutine of a task in an event loop on the main thread, and lets a stop and a time limit reach it.

A stop that was raised between two bytecode instructions would often hit the event loop instead of the coroutine. So it
cancels the coroutine, which gets `asyncio.CancelledError` where it waits, as from any other part of asyncio. If the
coroutine does not wait, because it calls blocking code, the stop is raised in this code after a moment.
"""

from __future__ import annotations

import asyncio
import os
import threading
from _thread import allocate_lock, start_new_thread

from dagfloe.runtime.process.main_thread import MainThread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Coroutine
    from typing import Any

    from dagfloe.cancellation import Cancellation

#: How long the coroutine may block the event loop before the stop is raised in what it calls. Airflow allows 5 s.
BLOCKED_S = 1.0
#: How long to try to wake a main thread that runs C code.
_WAKE_TIMEOUT_S = 60.0


def run_coroutine(coroutine: Coroutine[Any, Any, object], cancellation: Cancellation) -> object:
    """Run a coroutine to its end in a new event loop, as `asyncio.run` does.

    Args:
        coroutine: the coroutine.
        cancellation: its stop and its time limit cancel the coroutine.

    Returns:
        What the coroutine returns.

    Raises:
        TaskCancelled: if the coroutine ended because of a stop.
        TaskTimeout: if it ended because of the time limit.
        RuntimeError: if this thread runs an event loop already.
    """
    delivery = _Delivery(cancellation)
    is_debugging = True if os.environ.get("PYTHONASYNCIODEBUG") else None  # a frozen Python does not look at it
    main = delivery.run(coroutine)
    try:
        return asyncio.run(main, debug=is_debugging)
    except asyncio.CancelledError as error:
        if delivery.request is not None:
            raise delivery.request from error
        if delivery.cancelled is None or delivery.cancelled is error:
            raise
        raise delivery.cancelled from delivery.cancelled.__cause__  # Python 3.10 raises a new one without its lines
    finally:
        main.close()
        coroutine.close()  # asyncio has not begun it if it could not start a loop


class _Delivery:
    """Delivers requests to stop to a coroutine.

    Args:
        cancellation: where the requests come from.

    Attributes:
        request: the last request; None until there was one.
        cancelled: the exception with which the coroutine ended because it was cancelled; None if it did not.
    """

    def __init__(self, cancellation: Cancellation) -> None:
        self.request: BaseException | None = None
        self.cancelled: asyncio.CancelledError | None = None
        self._cancellation = cancellation
        self._is_forced = False
        self._was_raised = False
        self._ended = threading.Event()

    async def run(self, coroutine: Coroutine[Any, Any, object]) -> object:
        """Run the coroutine in the running event loop, and deliver requests to it."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._main_thread = MainThread() if threading.current_thread() is threading.main_thread() else None
        if self._main_thread is not None:
            self._main_thread.add(self._force)
        self._cancellation.redirect = self._receive
        try:
            return await coroutine
        except asyncio.CancelledError as error:
            self.cancelled = error
            raise
        finally:
            self._cancellation.redirect = None
            self._ended.set()
            if self._main_thread is not None:
                self._main_thread.remove(self._force)

    def _receive(self, request: BaseException) -> bool:
        """Cancel the coroutine; return whether the request must not be raised. Called in a signal's handler."""
        self.request = request
        if self._is_forced:
            self._is_forced = False
            self._was_raised = asyncio.current_task(self._loop) is self._task
            return False
        self._was_raised = False
        is_blocked = allocate_lock()
        is_blocked.acquire()
        self._loop.call_soon_threadsafe(self._cancel, is_blocked)
        if self._main_thread is not None:
            start_new_thread(self._force_later, (self._main_thread, is_blocked))
        return True

    def _cancel(self, is_blocked: LockType) -> None:
        """Cancel the coroutine, in its event loop."""
        is_blocked.release()
        self._is_forced = False
        if not self._was_raised and self._task is not None:
            self._task.cancel()

    def _force_later(self, main_thread: MainThread, is_blocked: LockType) -> None:
        """Let the main thread raise the request if the event loop does not come round to it."""
        if not is_blocked.acquire(timeout=BLOCKED_S):
            self._is_forced = True
            main_thread.wake(self._ended, _WAKE_TIMEOUT_S)

    def _force(self) -> None:
        if self._is_forced:
            self._cancellation.deliver_again()
