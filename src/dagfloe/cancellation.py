"""The request to stop a task: a flag to read, callbacks, and an exception in the task.

This module decides when a request is delivered; `dagfloe.runtime.process.signals` makes requests from signals. It
raises the exception only on the main thread, where the task's function runs, and never inside a shield. The author's
own signal handlers are called at the same places.
"""

from __future__ import annotations

import threading
from threading import get_ident

from dagfloe.coroutines import is_asynchronous
from dagfloe.errors import DagfloeError, TaskCancelled, TaskTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Protocol

    class Log(Protocol):
        """Logs a message of the runtime's own."""

        def __call__(
            self,
            level: int,
            logger: str,
            event: str,
            exception: BaseException | None = None,
            fields: Mapping[str, object] | None = None,
        ) -> None:
            """Log one message, with an exception to describe and other fields."""
            ...

    #: The open blocks: the shields without a window, whether the innermost block is a window, and the blocks around it.
    Blocks = tuple[int, bool, "Blocks | None"]

#: `logging.ERROR`
_ERROR = 40

_NO_BLOCKS: Blocks = (0, False, None)


class Cancellation:
    """The request to stop one task. The runtime creates it; authors use it through `Context`.

    Attributes:
        reason: why a stop was requested; None until then.
        timeout_message: the message of `TaskTimeout`; None while the task is in time.
        is_armed: whether delivery is allowed. No method ends it, because a stop could be raised at its beginning.
        log: logs a message; by default with Python's `logging`. The runtime replaces it by its own.
        redirect: called with a request instead of raising it, while the task is a coroutine; it returns whether it has
            delivered the request. Otherwise, the request is raised.
    """

    def __init__(self) -> None:
        self.log: Log = _log_with_python
        self.redirect: Callable[[BaseException], bool] | None = None
        self.reason: str | None = None
        self._callbacks: list[Callable[[], object]] = []
        self._interrupts: list[Callable[[], object]] = []
        #: Whether there was anything to deliver yet. Most tasks never look any further.
        self._is_requested = False
        self.is_armed = False
        self._stop_delivered = False
        self.timeout_message: str | None = None
        self._timeout_delivered = False
        self._blocks = _NO_BLOCKS
        self._shield = _Block(self._enter_block, self._leave_shield, 1)
        self._window = _Block(self._enter_block, self._leave_window, -1)

    @property
    def cancelled(self) -> bool:
        """Whether somebody requested a stop."""
        return self.reason is not None

    @property
    def is_ending(self) -> bool:
        """Whether the task must end, because somebody requested a stop or its time is over."""
        return self.reason is not None or self.is_late

    @property
    def is_late(self) -> bool:
        """Whether the task's time is over."""
        return self.timeout_message is not None

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Call `callback()` on a stop or a timeout. Callbacks run in the order of registration.

        Raises:
            DagfloeError: if the callback is asynchronous.
        """
        if is_asynchronous(callback):
            raise DagfloeError(
                f"on_cancel got the asynchronous function {_show(callback)}: pass an ordinary one, or clean up in "
                "`finally` or `async with`, because a stop cancels the coroutine"
            )
        self._callbacks.append(callback)

    def shield(self) -> _Block:
        """A `with` block that no stop interrupts: a request is delivered at the end of the block."""
        return self._shield

    def window(self) -> _Block:
        """A `with` block inside a shield that a stop may interrupt: for a wait that is safe to interrupt."""
        return self._window

    def request(self, reason: str) -> None:
        """Request a stop. Call it on the main thread; only the first call has an effect.

        Args:
            reason: a few words for the log, such as `SIGTERM`.

        Raises:
            TaskCancelled: in the running task, unless it is shielded.
        """
        if self.reason is None:
            self.reason = reason
            self._is_requested = True
            self._deliver_if_possible()

    def time_out(self, message: str) -> None:
        """Interrupt the task because its time is over. Call it on the main thread, again while the task goes on.

        Args:
            message: the message of `TaskTimeout`; only the first one counts.

        Raises:
            TaskTimeout: in the running task, unless it is shielded.
        """
        self.timeout_message = self.timeout_message or message
        self._timeout_delivered = False
        self._is_requested = True
        self._deliver_if_possible()

    def deliver_again(self) -> None:
        """Deliver the requests again that were delivered. Call this on the main thread.

        Raises:
            TaskCancelled: as `request` does.
            TaskTimeout: as `time_out` does.
        """
        self._stop_delivered = self._timeout_delivered = False
        self._deliver_if_possible()

    def interrupt(self, call: Callable[[], object]) -> None:
        """Make a call as soon as no shield is open. Call this on the main thread, as from a signal handler.

        Args:
            call: what to call. What it raises while the task's function runs is raised there. Otherwise, it is logged.
        """
        self._interrupts.append(call)
        self._is_requested = True
        self._deliver_if_possible()

    def after_fork(self) -> None:
        """Forget the shields of the parent process, in a forked child: another thread may have opened them."""
        self._blocks = _NO_BLOCKS
        self._interrupts.clear()

    def arm(self) -> None:
        """Allow delivery, because the task's function is about to run. Set `is_armed` to False when it has ended.

        Raises:
            TaskCancelled: when a stop was requested before.
            TaskTimeout: when the time was over before.
        """
        self.is_armed = True
        self._deliver_if_possible()

    def _enter_block(self, step: int) -> None:
        blocks = self._blocks
        self._blocks = (blocks[0] + step, step < 0, blocks)
        if step < 0 and self._is_requested:
            self._deliver_if_possible()

    def _leave_shield(self) -> None:
        self._blocks = self._blocks[2] or _NO_BLOCKS
        if self._is_requested:
            self._deliver_if_possible()

    def _leave_window(self) -> None:
        if self._blocks[1]:
            self._blocks = self._blocks[2] or _NO_BLOCKS

    def _deliver_if_possible(self) -> None:
        blocks = self._blocks
        if blocks[0]:
            return
        try:
            if self.is_armed:
                self._raise_if_requested()
            while (call := self._next_interrupt()) is not None:
                self._call(call)
        except BaseException:
            # An exception closes the window here. Its own end may never run: Python calls signal handlers also at the
            # beginning of `__exit__`, and the shield around the window would be lost.
            self._blocks = (blocks[2] or _NO_BLOCKS) if blocks[1] else blocks
            raise
        self._blocks = blocks  # a handler may have caught an exception that closed the window

    def _next_interrupt(self) -> Callable[[], object] | None:
        try:
            return self._interrupts.pop(0)
        except IndexError:  # only the removal shows this: a signal may arrive after any other look at the list
            return None

    def _call(self, call: Callable[[], object]) -> None:
        if self.is_armed:
            call()
            return
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - the runtime's own code must go on
            self.log(_ERROR, "dagfloe", "A signal handler failed, but not in the task", error)

    def _raise_if_requested(self) -> None:
        if self.reason is not None and not self._stop_delivered:
            self._stop_delivered = True
            self._clean_up()
            self._raise(TaskCancelled(f"the task was asked to stop: {self.reason}"))
        if self.timeout_message is not None and not (self._timeout_delivered or self._stop_delivered):
            self._timeout_delivered = True
            self._clean_up()
            self._raise(TaskTimeout(self.timeout_message))

    def _raise(self, request: BaseException) -> None:
        if self.redirect is None or not self.redirect(request):
            raise request

    def _clean_up(self) -> None:
        while self._callbacks:  # a callback may register another one
            callback = self._callbacks.pop(0)
            try:
                callback()
            except BaseException as error:  # noqa: BLE001 - the other callbacks must run, too
                self.log(_ERROR, "dagfloe", f"A cleanup callback failed: {_show(callback)}", error)


class _Block:
    """A `with` block that forbids or allows delivery. Blocks may be nested.

    It has no effect on other threads than the main one, because nothing is raised there.

    Args:
        enter: called with `step` when the block begins.
        leave: called when the block ends.
        step: how many shields the block adds: 1 for a shield, -1 for a window.
    """

    def __init__(self, enter: Callable[[int], None], leave: Callable[[], None], step: int) -> None:
        self._enter = enter
        self._leave = leave
        self._step = step
        self._main = threading.main_thread().ident

    def __enter__(self) -> None:
        if get_ident() == self._main:
            self._enter(self._step)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if get_ident() == self._main:
            self._leave()


def _show(callback: object) -> str:
    try:
        return repr(callback)
    except BaseException:  # noqa: BLE001 - the author's class may raise anything
        return object.__repr__(callback)


def _log_with_python(
    level: int,
    logger: str,
    event: str,
    exception: BaseException | None = None,
    fields: Mapping[str, object] | None = None,
) -> None:
    import logging  # noqa: PLC0415 - only on this path

    logging.getLogger(logger).log(level, event, exc_info=exception, extra=fields)
