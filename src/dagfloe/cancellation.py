"""The request to stop: a flag that anyone may read, callbacks, and an exception raised in the task.

Owns the rules of delivery, not the signals (those are in `dagfloe.runtime.process.signals`). The exception is raised
on the main thread only, where the task's function runs, and never inside a shield.
"""

from __future__ import annotations

import threading
from threading import get_ident

from dagfloe.errors import TaskCancelled, TaskTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Cancellation:
    """One task's request to stop. Made by the runtime; authors meet it through `Context`."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._callbacks: list[Callable[[], object]] = []
        self._is_asked = False
        self._armed = False
        self._delivered = False
        self._late: str | None = None
        self._late_delivered = False
        self._shields = 0
        self._shield = _Depth(self, 1)
        self._window = _Depth(self, -1)

    @property
    def cancelled(self) -> bool:
        """Whether a stop has been asked for."""
        return self.reason is not None

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Call `callback()` when a stop is asked for or the time is over, in the order of registration."""
        self._callbacks.append(callback)

    def shield(self) -> _Depth:
        """A `with` block that the stop does not interrupt: it is delivered at the block's end."""
        return self._shield

    def window(self) -> _Depth:
        """Inside a shield, a `with` block that may be interrupted again: for waiting where nothing can be lost."""
        return self._window

    def request(self, reason: str) -> None:
        """Ask the task to stop. Call it on the main thread; only the first call has an effect.

        Args:
            reason: a few words for the log, such as `SIGTERM`.

        Raises:
            TaskCancelled: in the running task, unless it is shielded.
        """
        if self.reason is None:
            self.reason = reason
            self._is_asked = True
            self._deliver_if_possible()

    def time_out(self, message: str) -> None:
        """Tell the task that its time is over. Call it on the main thread; only the first call has an effect.

        Args:
            message: what `TaskTimeout` says.

        Raises:
            TaskTimeout: in the running task, unless it is shielded.
        """
        if self._late is None:
            self._late = message
            self._is_asked = True
            self._deliver_if_possible()

    def arm(self) -> None:
        """Allow delivery: the task's function is about to run.

        Raises:
            TaskCancelled: when a stop was asked for before.
        """
        self._armed = True
        self._deliver_if_possible()

    def disarm(self) -> None:
        """End delivery: the task's function has returned or raised."""
        self._armed = False

    def _deliver_if_possible(self) -> None:
        if not self._armed or self._shields:
            return
        if self.reason is not None and not self._delivered:
            self._delivered = True
            self._clean_up()
            raise TaskCancelled(f"the task was told to stop: {self.reason}")
        if self._late is not None and not (self._late_delivered or self._delivered):
            self._late_delivered = True
            self._clean_up()
            raise TaskTimeout(self._late)

    def _clean_up(self) -> None:
        while self._callbacks:  # a callback may register another one
            callback = self._callbacks.pop(0)
            try:
                callback()
            except BaseException as error:  # noqa: BLE001 - one failing cleanup must not keep the others from running
                _log_failed_callback(callback, error)


class _Depth:
    """Moves the number of shields up or down for a `with` block; it may be nested.

    Without effect on threads other than the main one, where nothing is ever raised.
    """

    def __init__(self, cancellation: Cancellation, step: int) -> None:
        self._cancellation = cancellation
        self._step = step
        self._main = threading.main_thread().ident

    def __enter__(self) -> None:
        if get_ident() == self._main:
            self._cancellation._shields += self._step  # noqa: SLF001 - the two classes are one mechanism
            if self._step < 0 and self._cancellation._is_asked:  # noqa: SLF001
                try:
                    self._cancellation._deliver_if_possible()  # noqa: SLF001
                except (TaskCancelled, TaskTimeout):  # raised on entering: `__exit__` will not run
                    self._cancellation._shields -= self._step  # noqa: SLF001
                    raise

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if get_ident() == self._main:
            self._cancellation._shields -= self._step  # noqa: SLF001
            if self._step > 0 and self._cancellation._is_asked:  # noqa: SLF001
                self._cancellation._deliver_if_possible()  # noqa: SLF001


def _log_failed_callback(callback: object, error: BaseException) -> None:
    import logging  # noqa: PLC0415 - only on this path

    logging.getLogger("dagfloe").error("A cleanup callback failed: %r", callback, exc_info=error)
