"""Temporary folders that the next command removes if a command was killed.

A command holds a lock on its folder. The lock ends with the process, whatever ends it, so a folder without a lock is
abandoned.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.format.errors import FreezeError, PackError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIXES = ("dagfloe-build-", "dagfloe-run-")
#: Marks the folder of a command that failed, whose logs somebody may read: for a week, or until the project's next
#: build, or run if a run failed.
_FAILED = ".failed"
_LOGS_STAY_S = 7 * 24 * 3600
#: What the name of a folder ends with.
_OWN = re.compile(r"-[0-9a-f]{32}$")
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def work_folder(purpose: str, name: str) -> Iterator[Path]:
    """Yield a temporary folder, and remove it at the end of the block. Remove abandoned folders first.

    If a program of a build fails in the block, only the folders in it are removed: the logs stay.

    Args:
        purpose: `build` or `run`.
        name: the file name of the project.

    Raises:
        PackError: if the folder for temporary files cannot be written.
    """
    parent = Path(tempfile.gettempdir())
    _remove_abandoned(parent, purpose, name)
    folder = parent / f"dagfloe-{purpose}-{name}-{uuid.uuid4().hex}"
    lock = -1
    has_failed = False
    try:
        try:
            folder.mkdir(mode=0o700)  # inside of `try`, so that an interrupt at any time removes it
            lock = os.open(folder, _OPEN)
            fcntl.flock(lock, fcntl.LOCK_EX)
            folder.stat()
        except OSError as error:
            # Another command may have removed it before the lock; then its next try succeeds.
            raise PackError(f"{folder} cannot be created: {error.strerror}; run the command again") from error
        yield folder
    except FreezeError:
        has_failed = True
        raise
    finally:
        if has_failed:
            with suppress(OSError):
                (folder / _FAILED).touch()
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        if lock >= 0:
            os.close(lock)


def is_abandoned(path: Path) -> bool:
    """Whether no living process has a file or folder of this user locked.

    Raises:
        OSError: if that is unknown.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove_abandoned(parent: Path, purpose: str, name: str) -> None:
    with suppress(OSError):
        for path in parent.iterdir():
            if path.name.startswith(_PREFIXES):
                with suppress(OSError):
                    _remove_if_abandoned(path, purpose, name)


def _remove_if_abandoned(folder: Path, purpose: str, name: str) -> None:
    """Remove a folder of this user without a lock, but not the recent logs of another project or command.

    Raises:
        OSError: if it belongs to somebody else, or another command has removed it.
    """
    descriptor = os.open(folder, _OPEN)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_uid != os.geteuid():
            return
        has_logs = (folder / _FAILED).exists()
        is_recent = time.time() - (folder / _FAILED).lstat().st_mtime < _LOGS_STAY_S if has_logs else False
        if not is_recent or _OWN.sub("", folder.name) == f"dagfloe-{purpose}-{name}":
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
