"""Ends a forked child that comes back from the author's code: only its parent runs the rest of the runtime.

The author calls `os.fork()`, and the child returns from the function instead of calling `os._exit()`. The child has the
parent's sockets and pipes, and would send a terminal message of its own.
"""

from __future__ import annotations

import os
import sys
from logging import ERROR, WARNING

from dagfloe.constants import EXIT_FAILURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.cancellation import Log

# Saved, because the author's code may replace them.
_exit, _getpid = os._exit, os.getpid


def leave_if_forked(pid: int, log: Log, error: BaseException | None = None) -> None:
    """End this process if it is not the task's own process: after its output, and without `atexit`.

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
