"""Keeps exit status 0 for a process that has delivered its terminal message, whatever the author's code does.

The launcher waits for this process. Unless this process confirms the delivery to it, the launcher turns status 0 into
1. Nothing waits in the one-file form and in unfrozen programs. There, only this module guards the status, and only
against `os._exit`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import Any

    from typing_extensions import Self

#: Set by a launcher that waits: its process and the number of the signal that confirms the delivery.
WAITS_VARIABLE = "_DAGFLOE_WAITS"
_EXIT_FAILURE = 1
# The author's code may replace these functions later.
_exit, _kill, _getpid, _getppid = os._exit, os.kill, os.getpid, os.getppid


class ExitGuard:
    """Guards the exit status of this process, and calls functions before `os._exit` ends it or a forked process.

    Create it before the author's code is imported.

    Args:
        environment: this process's environment; the launcher's variable is removed from it.
    """

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._process = _getpid()
        self._is_delivered = False
        self._before_exit: list[Callable[[], object]] = []
        process, _, number = environment.pop(WAITS_VARIABLE, "").partition(",")
        is_waiting = process.isdecimal() and number.isdecimal() and int(process) == _getppid()
        self._confirmation = (int(process), int(number)) if is_waiting else None

    def install(self) -> Self:
        """Guard `os._exit` from now on. It stays guarded after the task, because threads and exit handlers may run."""
        import posix  # noqa: PLC0415 - the module that `os` has its functions from

        os._exit = posix._exit = self._exit  # type: ignore[assignment]  # noqa: SLF001
        return self

    def call_before_exit(self, function: Callable[[], object]) -> None:
        """Call a function when `os._exit` is about to end this process or a process that was forked from it.

        Args:
            function: its exceptions are ignored, because nothing can be done about them.
        """
        self._before_exit.append(function)

    def confirm(self) -> None:
        """Confirm that the supervisor has received the terminal message: from now on, the status may be 0."""
        if _getpid() != self._process:
            return
        self._is_delivered = True
        if self._confirmation is not None:
            try:
                _kill(*self._confirmation)
            except OSError:  # the launcher is gone, or the task has become another user
                return

    def _exit(self, status: Any) -> None:
        for function in self._before_exit:
            try:
                function()
            except BaseException:  # noqa: BLE001, S112 - the process ends in any case
                continue
        if isinstance(status, int) and not status & 0xFF and not self._is_delivered and _getpid() == self._process:
            status = _EXIT_FAILURE
        _exit(status)
