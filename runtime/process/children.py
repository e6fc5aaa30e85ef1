"""Ends the processes that a task starts together with the bundle's process, however that ends.

When the task starts its first process, this process becomes the leader of a process group and starts the launcher
as a watch process. It does not start the watch earlier, because most tasks start no process.
"""

from __future__ import annotations

import os
import sys
import time
from logging import WARNING

from dagfloe.runtime.process.host import unpacked_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from dagfloe.cancellation import Log

#: Names the tasks that a process belongs to, the innermost first. A launcher that starts the bundle sets it.
MARK_VARIABLE = "_DAGFLOE_TASK"
_MAX_MARK_LENGTH = 1000
_START_EVENTS = frozenset(("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"))
#: The modules that `multiprocessing` imports when it starts a process in a way that raises no audit event.
_START_MODULES = frozenset(("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"))


def end_children_with_us(launcher: int | str | None, environment: MutableMapping[str, str], log: Log) -> None:
    """End every process that this process starts from now on together with this one. Cannot be undone.

    Args:
        launcher: the launcher, as an open file or by its path; without one, nothing is done.
        environment: this process's environment; a mark is added for the processes that it starts.
        log: logs a message.
    """
    if launcher is None:
        return
    pid = os.getpid()
    outer = environment.get(MARK_VARIABLE, "")
    if not outer.startswith(f"{pid}."):
        environment[MARK_VARIABLE] = f"{pid}.{time.time_ns()} {outer}"[:_MAX_MARK_LENGTH]
    marks = [environment[MARK_VARIABLE].partition(" ")[0]]
    folder = unpacked_folder()
    if folder is not None:
        # This process set the first mark itself. The kernel shows the environment that a process was started with, so
        # a process that is forked without starting a program does not have it. It has this one, of PyInstaller.
        marks.append(f"_PYI_APPLICATION_HOME_DIR={folder}")
    program = f"/proc/self/fd/{launcher}" if isinstance(launcher, int) else launcher
    is_watched = False

    def watch_first_start(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal is_watched
        if event not in _START_EVENTS and (event != "import" or arguments[0] not in _START_MODULES):
            return
        if not is_watched and os.getpid() == pid:
            is_watched = True  # set this first: starting the watch raises audit events, too
            _start_watch(program, pid, marks, log)

    sys.addaudithook(watch_first_start)


def _start_watch(program: str, pid: int, marks: list[str], log: Log) -> None:
    try:
        if os.getpgid(0) != pid:
            os.setpgid(0, 0)
        # The launcher forks and exits at once, so the watch is not a child of this process.
        os.waitpid(os.posix_spawn(program, ["dagfloe-watch", str(pid), *marks], {}, setpgroup=0), 0)
    except OSError as error:
        log(
            WARNING,
            "dagfloe.runtime",
            f"Processes that the task starts may outlive it, because they cannot be watched: {error}",
        )
