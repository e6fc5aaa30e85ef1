"""Keeps the end of a process that runs a task in order, whatever the author's code did.

The exit status is 0 exactly when the terminal message was delivered. Nothing that the author's code raises can change
this, wherever it is raised: see `Ending.enforce`. Only code that ends the process past Python, such as `os._exit`, can;
the launcher of a bundle file watches for that.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # see `main_thread`
import atexit
import builtins
import os
import sys
from contextlib import suppress
from logging import ERROR, WARNING

from dagfloe.constants import EXIT_FAILURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dagfloe.cancellation import Log
    from dagfloe.runtime.wire.comms import Comms

# Saved, because the author's code may replace them.
_exit, _getpid, _close, _fstat = os._exit, os.getpid, os.close, os.fstat


class Ending:
    """What is known about the end of this process. Create it before the author's code runs.

    Args:
        confirm: called once when the terminal message was delivered.

    Attributes:
        pid: the id of the process; forked children have another one.
        comms: the comm socket, once it is connected.
        fallback: a terminal message that can be sent if the task's own one cannot be made; None until the task begins.
        callbacks: runs the author's callbacks after the terminal message; None without callbacks.
        is_lost: whether the supervisor was gone before it read the terminal message.
    """

    def __init__(self, confirm: Callable[[], object]) -> None:
        self.pid = _getpid()
        self._confirm: Callable[[], object] | None = confirm
        self.comms: Comms | None = None
        self.fallback: dict[str, Any] | None = None
        self.callbacks: Callable[[], None] | None = None
        self.is_lost = False
        self._is_orderly = False
        self._set_handler, self._get_handler = signal.signal, signal.getsignal
        atexit.register(self.enforce)  # the first to be registered is the last to be called

    @property
    def status(self) -> int:
        """The exit status that this process must have now."""
        return 0 if self.comms is not None and self.comms.is_finished and not self.is_lost else EXIT_FAILURE

    def confirm(self) -> None:
        """Confirm the delivery if the terminal message was delivered. May be called again."""
        if self.status == 0 and self._confirm is not None:
            confirm, self._confirm = self._confirm, None
            confirm()

    def in_order(self) -> int:
        """The exit status, for a process that ends in order: it was passed on, and need not be enforced."""
        self._is_orderly = True
        return self.status

    def enforce(self) -> None:
        """End the process with the right status if an exception has left the runtime; called at exit.

        Drop streams that cannot be flushed, and ignore signals that the author handles: both would change the status.
        """
        if _getpid() != self.pid:
            return
        if not self._is_orderly:
            _exit(self.status)
        for name in ("stdout", "stderr"):
            try:
                getattr(sys, name).flush()
            except BaseException:  # noqa: BLE001 - the author's stream; Python would end with status 120
                setattr(sys, name, None)
        # In its last steps, Python restores the default handlers. Then a timer that still runs would kill this process.
        for number in signal.valid_signals() - {signal.SIGCHLD}:
            if callable(self._get_handler(number)):
                self._set_handler(number, signal.SIG_IGN)


class Interpreter:
    """What the author's code may use up or replace in this process, and the end of the task needs.

    Create it before the task's function runs.
    """

    def __init__(self) -> None:
        self._recursion_limit = sys.getrecursionlimit()
        self._set_recursion_limit = sys.setrecursionlimit
        self._set_trace, self._set_profile = sys.settrace, sys.setprofile
        self._builtins = dict(vars(builtins))
        self._spares = Spares()

    def restore_limits(self) -> None:
        """Set the recursion limit again, and free two file descriptors: the end of the task imports modules."""
        self._set_recursion_limit(self._recursion_limit)
        self._spares.free()

    def restore(self) -> None:
        """Restore all. Only for a task that failed, because the author's code still runs in threads and at exit."""
        builtins.__dict__.update(self._builtins)
        self._set_trace(None)
        self._set_profile(None)
        self.restore_limits()


class Spares:
    """Two file descriptors that are kept for the runtime, while the author's code may use up all others."""

    def __init__(self) -> None:
        self._descriptors: tuple[tuple[int, tuple[int, int]], ...] = ()
        with suppress(OSError):
            self._descriptors = tuple((descriptor, _identify(descriptor)) for descriptor in os.pipe())

    def free(self) -> None:
        """Close them. May be called again."""
        descriptors, self._descriptors = self._descriptors, ()
        for descriptor, identity in descriptors:
            with suppress(OSError):  # the author closed it
                if _identify(descriptor) == identity:  # not another file that the author opened afterwards
                    _close(descriptor)


def _identify(descriptor: int) -> tuple[int, int]:
    status = _fstat(descriptor)
    return status.st_dev, status.st_ino


def leave_if_forked(pid: int, log: Log, error: BaseException | None = None) -> None:
    """End this process if it is not the task's own process: after its output, and without `atexit`.

    The author called `os.fork()`, and the child came back out of the author's code instead of calling `os._exit()`. It
    has its parent's sockets and pipes, and would send a terminal message of its own.

    Args:
        pid: the id of the task's process.
        log: logs a message.
        error: the exception with which the author's code ended, if it raised one.
    """
    child = _getpid()
    if child == pid:
        return
    status = EXIT_FAILURE
    try:
        status = _find_status(error)
        if error is None:
            log(WARNING, "dagfloe.task", f"The forked process {child} returned from the task, and ends")
        elif type(error) is not SystemExit:
            log(ERROR, "dagfloe.task", f"The forked process {child} failed, and ends", error)
        for stream in (sys.stdout, sys.stderr):
            getattr(stream, "finish", stream.flush)()
    finally:
        _exit(status)


def _find_status(error: BaseException | None) -> int:
    """The exit status that Python would have."""
    code = error.code if type(error) is SystemExit else error
    if code is None:
        return 0
    return code & 0xFF if type(code) is int else EXIT_FAILURE
