"""Folders in which libraries keep what they have computed, such as compiled code, from one task to the next.

Libraries keep such files beside their modules or in the home folder. A frozen program has other modules in each
version, and a worker's user may have no home folder. So each version of a bundle has a folder for each library, in the
cache folder that the launcher has chosen, or else in the user's. This module does without pathlib, which takes 5 ms to
import.
"""

# ruff: noqa: PTH103, PTH111, PTH116, PTH117, PTH118, PTH119, PTH120
from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import suppress

from dagfloe.runtime.process.host import unpacked_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: The folder in a cache folder.
NAME = "libraries"
#: A version of a bundle that was not started for this long has its folder deleted.
UNUSED_S = 30 * 86400


def find_cache_folder(library: str) -> str | None:
    """Find, or create, the folder in which a library may keep its files.

    Nobody else can write to it. Folders that belong to other versions and were not used for 30 days are deleted.

    Args:
        library: the library's name.

    Returns:
        The folder's path; None if no folder can be used.
    """
    for base in _list_bases():
        versions = os.path.join(base, NAME)
        own = os.path.join(versions, _identify_version())
        folder = os.path.join(own, library)
        try:
            os.makedirs(folder, 0o700, exist_ok=True)
            if all(map(_is_ours, (versions, own, folder))):
                os.utime(own)
                _delete_unused(versions)
                return folder
        except OSError:
            continue
    return None


def is_writable(folder: str) -> bool:
    """Whether this process can write to a folder. The folder is created if it does not exist."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _list_bases() -> Iterator[str]:
    """The cache folders, the best one first."""
    if unpacked_folder() is None:  # <cache folder>/store/entries/<id>/<program>
        store = os.path.dirname(os.path.dirname(os.path.dirname(sys.executable)))
        if os.path.basename(store) == "store":
            yield os.path.dirname(store)
    candidates = (
        (os.environ.get("DAGFLOE_CACHE_DIR"), ""),
        (os.environ.get("XDG_CACHE_HOME"), "dagfloe"),
        (os.path.expanduser("~"), ".cache/dagfloe"),
    )
    for base, below in candidates:
        if base and os.path.isabs(base):
            yield os.path.join(base, below) if below else base


def _identify_version() -> str:
    """A name for the version of the bundle: that of its entry in the store, or what identifies a one-file program."""
    if unpacked_folder() is None:
        return os.path.basename(os.path.dirname(sys.executable))
    status = os.stat(sys.executable)
    return f"{os.path.basename(sys.executable)}-{status.st_size:x}-{status.st_mtime_ns:x}"


def _is_ours(folder: str) -> bool:
    status = os.lstat(folder)
    is_shared = bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not is_shared


def _delete_unused(folder: str) -> None:
    oldest = time.time() - UNUSED_S
    with os.scandir(folder) as entries:
        unused = [entry.path for entry in entries if entry.stat(follow_symlinks=False).st_mtime < oldest]
    for path in unused:
        from shutil import rmtree  # noqa: PLC0415 - only on this path

        with suppress(OSError):
            rmtree(path, ignore_errors=True)
