"""The folders into which one-file programs unpack themselves: locks this program's, and deletes abandoned ones.

A folder is abandoned when both processes of its program were killed. This module does without pathlib, which takes
5 ms to import.
"""

# ruff: noqa: PTH110, PTH118, PTH120
from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress

#: The program locks this file as long as it runs.
LOCK = ".dagfloe-use"
#: Every bundle's one-file program unpacks this file. It identifies a folder whose program was killed before it could
#: lock anything.
LAUNCHER = "dagfloe/launcher"
#: No program takes longer than this to unpack itself.
UNPACKING_S = 3600


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
