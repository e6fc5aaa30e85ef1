"""Lets the processes that a task starts end with the bundle's process, whatever ends that.

The first time that the task starts a process, this one becomes the leader of a process group, and the launcher is
started beside it as a watch. It is not started earlier, because most tasks start no process.
"""

from __future__ import annotations

import logging
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

#: Says to which tasks a process belongs, the innermost first. The launcher has set it already, where there is one.
MARK_VARIABLE = "_DAGFLOE_TASK"
_MAX_MARKS = 1000
_STARTS = frozenset(("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"))
#: What `multiprocessing` imports when it starts a process, of which no event tells.
_STARTERS = frozenset(("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"))

log = logging.getLogger("dagfloe.runtime")


def end_children_with_us(launcher: int | str | None, environment: MutableMapping[str, str]) -> None:
    """Let what this process starts from now on end with it. Cannot be undone.

    Args:
        launcher: the launcher, as an open file or by its path; nothing is done without one.
        environment: that of this process; a mark is added for what is started.
    """
    if launcher is None:
        return
    pid = os.getpid()
    outer = environment.get(MARK_VARIABLE, "")
    if not outer.startswith(f"{pid}."):
        environment[MARK_VARIABLE] = f"{pid}.{time.time_ns()} {outer}"[:_MAX_MARKS]
    mark = environment[MARK_VARIABLE].partition(" ")[0]
    program = f"/proc/self/fd/{launcher}" if isinstance(launcher, int) else launcher
    is_watched = False

    def notice(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal is_watched
        if event not in _STARTS and (event != "import" or arguments[0] not in _STARTERS):
            return
        if not is_watched and os.getpid() == pid:
            is_watched = True  # before anything else: what follows starts a process, too
            _start_watch(program, pid, mark)

    sys.addaudithook(notice)


def _start_watch(program: str, pid: int, mark: str) -> None:
    try:
        if os.getpgid(0) != pid:
            os.setpgid(0, 0)
        # It leaves at once, and what it leaves behind is no child of ours.
        os.waitpid(os.posix_spawn(program, ["dagfloe-watch", str(pid), mark], {}, setpgroup=0), 0)
    except OSError as error:
        log.warning("Processes that the task starts and leaves will not be ended with it: %s", error)
