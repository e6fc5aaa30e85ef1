"""The folders into which one-file programs unpack themselves: locks this program's, and deletes abandoned ones.

A folder is abandoned when both processes of its program were killed. This module does without pathlib, which takes
5 ms to import.
"""

# ruff: noqa: PTH110, PTH118, PTH120, PTH123, PTH208
from __future__ import annotations

import fcntl
import os
import signal
import stat
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: The program locks this file as long as it runs.
LOCK = ".dagfloe-use"
#: Every bundle's one-file program unpacks this file. It identifies a folder whose program was killed before it could
#: lock anything.
LAUNCHER = "dagfloe/launcher"
#: No program takes longer than this to unpack itself.
UNPACKING_S = 3600
#: How long the processes that use the folder may take to end after SIGTERM, as in build/launcher/watch.c.
USERS_GRACE_S = 3.0
#: How long they may take after SIGKILL.
USERS_KILLED_S = 1.0
_PAUSE_S = 0.01
#: PyInstaller's variable with the folder.
_FOLDER_VARIABLE = "_PYI_APPLICATION_HOME_DIR"
# The author's code may replace these functions later.
_kill, _monotonic, _sleep, _readlink = os.kill, time.monotonic, time.sleep, os.readlink


def lock_folder(folder: str) -> None:
    """Protect this program's own folder from `delete_abandoned_folders`, as long as this process or a fork of it lives.

    Args:
        folder: the folder's path.
    """
    with suppress(OSError):  # without the lock, the folder is as safe as any other program's
        descriptor = os.open(os.path.join(folder, LOCK), os.O_RDONLY | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def delete_abandoned_folders(folder: str) -> None:
    """Delete the folders of this user's killed bundles that are next to this program's own folder.

    Args:
        folder: the path of this program's own folder.
    """
    with os.scandir(os.path.dirname(folder)) as entries:
        others = [entry for entry in entries if entry.name.startswith("_MEI") and entry.path != folder]
    for other in others:
        with suppress(OSError):  # in use, or deleted by another program
            status = other.stat(follow_symlinks=False)
            if other.is_dir(follow_symlinks=False) and status.st_uid == os.geteuid():
                _delete_unused(other.path, time.time() - status.st_mtime)


def end_users(folder: str) -> None:
    """End the other processes that run this program from its folder, and wait for their ends.

    The parent process deletes the folder as soon as this process has ended. Processes that still run then could import
    nothing more: most often the trackers of resources of `multiprocessing` and loky, which ignore SIGTERM and end with
    the pipe from this process. So close the pipes first.

    Args:
        folder: the path of this program's own folder.
    """
    _close_pipes()
    asked: set[int] = set()
    kill_time = _monotonic() + USERS_GRACE_S
    while users := {*_find_users(folder)}:
        now = _monotonic()
        if now >= kill_time + USERS_KILLED_S:
            return
        for process in users if now >= kill_time else users - asked:
            with suppress(OSError):  # it has ended
                _kill(process, signal.SIGKILL if now >= kill_time else signal.SIGTERM)
                _kill(process, signal.SIGCONT)  # a stopped process receives a signal only when it continues
        asked |= users
        _sleep(_PAUSE_S)


def _close_pipes() -> None:
    """Close the pipes of this process, except its standard streams. Their numbers stay in use, for objects that die."""
    null = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the descriptor of the list itself
            if int(name) > 2 and stat.S_ISFIFO(os.fstat(int(name)).st_mode):
                os.dup2(null, int(name), inheritable=False)
    os.close(null)


def _find_users(folder: str) -> Iterator[int]:
    """The other processes of this program that have this folder."""
    program = _readlink("/proc/self/exe")
    mark = f"{_FOLDER_VARIABLE}={folder}\0".encode()
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid():
            with suppress(OSError):  # it has ended, or belongs to another user
                if _readlink(f"/proc/{name}/exe") == program:
                    with open(f"/proc/{name}/environ", "rb") as environment:
                        if mark in environment.read():
                            yield int(name)


def _delete_unused(folder: str, age_s: float) -> None:
    try:
        lock = os.open(os.path.join(folder, LOCK), os.O_RDONLY)
    except FileNotFoundError:
        if age_s > UNPACKING_S and os.path.exists(os.path.join(folder, LAUNCHER)):
            _delete(folder)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _delete(folder)
    finally:
        os.close(lock)


def _delete(folder: str) -> None:
    from shutil import rmtree  # noqa: PLC0415 - only on this path

    rmtree(folder, ignore_errors=True)
