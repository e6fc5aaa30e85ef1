"""Folders into which one-file programs were unpacked, and which nobody deleted because both processes were killed.

Without pathlib, which costs 5 ms to import.
"""

# ruff: noqa: PTH110, PTH118, PTH120
from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress

#: Locked by the program as long as it runs.
LOCK = ".dagfloe-use"
#: Unpacked with every such program: it tells the folder of one that was killed before it could lock anything.
LAUNCHER = "dagfloe/launcher"
#: Nothing unpacks itself for so long.
UNPACKING_S = 3600


def claim(folder: str) -> None:
    """Lock this program's own folder against `sweep`, until the end of the process and of what it has forked."""
    with suppress(OSError):  # without the lock, the folder is no worse off than any other program's
        descriptor = os.open(os.path.join(folder, LOCK), os.O_RDONLY | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def sweep(folder: str) -> None:
    """Delete what killed programs of dagfloe and of this user left beside this program's own folder."""
    with os.scandir(os.path.dirname(folder)) as listing:
        others = [each for each in listing if each.name.startswith("_MEI") and each.path != folder]
    for other in others:
        with suppress(OSError):  # in use, or gone already
            status = other.stat(follow_symlinks=False)
            if other.is_dir(follow_symlinks=False) and status.st_uid == os.geteuid():
                _delete_unused(other.path, time.time() - status.st_mtime)


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
