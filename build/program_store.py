"""Lists and prunes the store of unpacked programs. The launcher fills the store and clears it by itself.

`launcher/store.c` describes the layout of the store and the meaning of its locks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import PackError
from dagfloe.format.payload import FOOTER_BYTES, has_payload
from dagfloe.format.regular_file import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY_S = 24 * 3600
_WARM_TIMEOUT_S = 600
_USE, _UNPACK = ".use", ".unpack"
#: No link is followed, and a pipe without a writer does not block.
_LOCK_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LOCK_TRIES, _LOCK_PAUSE_S = 3, 0.01
#: Name of a program whose folder is empty.
_UNKNOWN_NAME = "?"


@dataclass(frozen=True, slots=True)
class StoredProgram:
    """An unpacked program in a store.

    Attributes:
        id: its name in the store.
        name: the name of the bundle.
        path: its folder.
        size: the size of its files, in bytes. It may share them with other programs.
        used: the time of its last start, in seconds since 1970, if the file system records it.
        is_running: whether a process runs it.
    """

    id: str
    name: str
    path: Path
    size: int
    used: float
    is_running: bool


class ProgramStore:
    """A store of unpacked programs. Other processes may fill, use and prune it at the same time.

    Args:
        cache: the cache folder; the store is its folder `store`.

    Raises:
        PackError: from all methods, if a folder of the store is something else.
    """

    def __init__(self, cache: Path) -> None:
        self._store = cache / "store"
        self._entries = self._store / "entries"
        self._objects = self._store / "objects"
        self._partial = self._store / "partial"

    def programs(self) -> list[StoredProgram]:
        """The unpacked programs; the most recently started one comes first."""
        return sorted(self._programs(), key=lambda program: (-program.used, program.id))

    def prune(self, older_than_days: float = 0) -> list[StoredProgram]:
        """Remove programs that no process runs, the files that only they used, and what killed processes left.

        Args:
            older_than_days: remove only programs that were last started at least so many days ago.

        Returns:
            The removed programs.

        Raises:
            OSError: if the store cannot be written.
            PackError: if another user can change the store.
        """
        limit = time.time() - older_than_days * _DAY_S
        if not all(_is_own_folder(path) for path in (self._store, self._entries, self._objects, self._partial)):
            return []
        removed = [program for program in self.programs() if program.used <= limit and self._remove(program.id)]
        for name in _list_names(self._entries):  # locks of entries that were never finished
            entry_id = name.partition(".")[0]
            with suppress(FileNotFoundError):
                if not os.path.lexists(self._entries / entry_id) and _last_use(self._entries / name) <= limit:
                    self._remove(entry_id)
        for name in _list_names(self._objects):
            with suppress(FileNotFoundError):
                status = (self._objects / name).lstat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                    (self._objects / name).unlink()
        return removed

    def _programs(self) -> Iterator[StoredProgram]:
        if not all(map(_is_folder, (self._store, self._entries))):
            return
        for name in _list_names(self._entries):
            entry_id = name.removesuffix(_USE)
            if entry_id == name:
                continue
            with suppress(FileNotFoundError):  # another process has removed it meanwhile
                folder, lock = self._entries / entry_id, self._entries / name
                if stat.S_ISDIR(folder.lstat().st_mode):
                    yield StoredProgram(
                        entry_id, _program_name(folder), folder, _size(folder), _last_use(lock), _is_locked(lock)
                    )

    def _remove(self, entry_id: str) -> bool:
        """Remove a program, unless a process runs or unpacks it.

        Returns:
            Whether it was removed.
        """
        locks = [self._entries / f"{entry_id}{suffix}" for suffix in (_USE, _UNPACK)]
        with ExitStack() as stack:
            for path in locks:
                descriptor = _lock(path)
                if descriptor is None:
                    return False
                stack.callback(os.close, descriptor)
            # Rename it first, so that nobody finds a half removed program under its name.
            old = self._partial / f"{entry_id}.old"
            _remove_tree(old)
            try:
                (self._entries / entry_id).rename(old)
                is_removed = True
            except FileNotFoundError:
                is_removed = False
            for leftover in (old, self._partial / entry_id, self._partial / f"{entry_id}.scratch"):
                _remove_tree(leftover)
            for path in locks:
                path.unlink(missing_ok=True)
        return is_removed


def warm(file: Path, cache: Path | None = None, *, shared: bool = False) -> Path:
    """Unpack a bundle file into a store, as its first start would.

    Args:
        file: the bundle file.
        cache: the cache folder; by default the bundle file chooses it.
        shared: whether all users may read the store, if this call creates it.

    Returns:
        The program's folder.

    Raises:
        PackError: if it cannot be unpacked, or has no launcher.
    """
    env = {**os.environ, "DAGFLOE_WARM": "1"}
    if cache is not None:
        env["DAGFLOE_CACHE_DIR"] = str(cache.absolute())
        if shared:
            cache.mkdir(parents=True, exist_ok=True)
            cache.chmod(0o755)
            with suppress(FileExistsError):
                (cache / "store").mkdir(mode=0o755)
                (cache / "store").chmod(0o755)
    if not _has_launcher(file):
        raise PackError(
            f"{file} has no launcher, so no store can hold it: only bundle files built without --one-file have one"
        )
    try:
        process = subprocess.run(
            [str(file.absolute())], capture_output=True, timeout=_WARM_TIMEOUT_S, check=False, env=env
        )
    except subprocess.TimeoutExpired:
        raise PackError(f"{file} did not unpack itself within {_WARM_TIMEOUT_S} s") from None
    stdout, stderr = os.fsdecode(process.stdout).strip(), os.fsdecode(process.stderr).strip()
    if process.returncode != 0:
        raise PackError(stderr or f"{file} ended with status {process.returncode}")
    folder = Path(stdout)
    if cache is not None and not folder.is_relative_to(cache.absolute()):
        raise PackError(f"{file} was unpacked to {folder}, not to {cache.absolute()}: {stderr}")
    return folder


def _has_launcher(file: Path) -> bool:
    start = read_bundle(file).binary_len - FOOTER_BYTES
    with open_regular(file) as stream:
        stream.seek(max(0, start))
        return has_payload(stream.read(FOOTER_BYTES))


def _is_folder(path: Path) -> bool:
    """Whether a folder of a store exists."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(mode):
        raise PackError(f"{path} is not a folder, so this is not a cache folder: remove it, or choose another --dir")
    return True


def _is_own_folder(path: Path) -> bool:
    """Whether a folder of a store exists. Its content is deleted, so nobody else may be able to put files there."""
    if not _is_folder(path):
        return False
    status = path.lstat()
    if status.st_uid not in (os.geteuid(), 0):
        raise PackError(f"{path} belongs to user {status.st_uid}: let that user prune it")
    if status.st_mode & 0o022:
        raise PackError(f"{path} can be changed by other users: `chmod go-w {path}` prevents that")
    return True


def _list_names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []


def _program_name(folder: Path) -> str:
    names = _list_names(folder)
    return next((name for name in names if stat.S_ISREG((folder / name).lstat().st_mode)), _UNKNOWN_NAME)


def _size(folder: Path) -> int:
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += Path(parent, name).lstat().st_size
    return size


def _last_use(lock: Path) -> float:
    status = lock.lstat()
    return max(status.st_atime, status.st_mtime)


def _remove_tree(path: Path) -> None:
    """Remove a folder, or whatever has its name. Another process may do the same."""
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _lock(path: Path) -> int | None:
    """Lock a lock file of an entry exclusively.

    Returns:
        Its descriptor, which the caller closes; None if another process holds it, or has just removed it.

    Raises:
        OSError: if this is the store of another user.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _LOCK_FLAGS, 0o600)
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.ELOOP, errno.ENXIO):  # no launcher made it
            return None
        raise
    try:
        if stat.S_ISREG((opened := os.fstat(descriptor)).st_mode):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The process that prunes an entry removes the locked file. Then another file may have its name by now.
            if os.path.samestat(opened, path.lstat()):
                return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_locked(path: Path) -> bool:
    """Whether a process runs the entry of a lock file. Another `dagfloe cache` holds the lock for a moment only."""
    access = os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY  # NFS locks need write access
    try:
        descriptor = os.open(path, access | _LOCK_FLAGS)
    except FileNotFoundError:
        raise
    except OSError:  # a link, or a socket: no launcher made it
        return False
    try:
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOCK_PAUSE_S)
            else:
                return False
    finally:
        os.close(descriptor)
    return True
