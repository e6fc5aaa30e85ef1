"""Lists and prunes the store of unpacked programs. The launcher fills the store and clears it by itself.

`launcher/store.c` describes the layout of the store and the meaning of its locks.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import PackError
from dagfloe.format.payload import FOOTER_BYTES, has_payload

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY_S = 24 * 3600
_WARM_TIMEOUT_S = 600
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
    """A store of unpacked programs.

    Args:
        cache: the cache folder; the store is its folder `store`.
    """

    def __init__(self, cache: Path) -> None:
        self._entries = cache / "store" / "entries"
        self._objects = cache / "store" / "objects"
        self._partial = cache / "store" / "partial"

    def programs(self) -> list[StoredProgram]:
        """The unpacked programs; the most recently started one comes first."""
        return sorted(self._programs(), key=lambda program: (-program.used, program.id))

    def prune(self, older_than_days: float = 0) -> list[StoredProgram]:
        """Remove programs that no process runs, and the files that only they used.

        Args:
            older_than_days: remove only programs that were last started at least so many days ago.

        Returns:
            The removed programs.

        Raises:
            OSError: if the store cannot be written.
        """
        limit = time.time() - older_than_days * _DAY_S
        removed = [program for program in self.programs() if program.used <= limit and self._remove(program)]
        for path in self._objects.glob("*"):
            if path.stat().st_nlink == 1:
                path.unlink(missing_ok=True)
        return removed

    def _programs(self) -> Iterator[StoredProgram]:
        for lock in self._entries.glob("*.use"):
            folder = lock.with_suffix("")
            if not folder.is_dir():
                continue
            files = [path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()]
            name = next((path.name for path in sorted(folder.iterdir()) if path.is_file()), _UNKNOWN_NAME)
            status = lock.stat()
            used = max(status.st_atime, status.st_mtime)
            yield StoredProgram(folder.name, name, folder, sum(files), used, _is_locked(lock))

    def _remove(self, program: StoredProgram) -> bool:
        """Remove a program, unless a process runs or unpacks it.

        Returns:
            Whether it was removed.
        """
        locks = [self._entries / f"{program.id}.{suffix}" for suffix in ("use", "unpack")]
        with ExitStack() as stack:
            for path in locks:
                # Raises an OSError if this is the store of another user.
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                stack.callback(os.close, descriptor)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
            # Rename it first, so that nobody finds a half removed program under its name.
            old = self._partial / f"{program.id}.old"
            shutil.rmtree(old, ignore_errors=True)
            program.path.rename(old)
            for path in locks:
                path.unlink(missing_ok=True)
            shutil.rmtree(old)
        return True


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
    process = subprocess.run(
        [str(file.absolute())], capture_output=True, text=True, timeout=_WARM_TIMEOUT_S, check=False, env=env
    )
    if process.returncode != 0:
        raise PackError(process.stderr.strip() or f"{file} ended with status {process.returncode}")
    folder = Path(process.stdout.strip())
    if cache is not None and not folder.is_relative_to(cache.absolute()):
        raise PackError(f"{file} was unpacked to {folder}, not to {cache.absolute()}: {process.stderr.strip()}")
    return folder


def _has_launcher(file: Path) -> bool:
    start = read_bundle(file).binary_len - FOOTER_BYTES
    with file.open("rb") as stream:
        stream.seek(max(0, start))
        return has_payload(stream.read(FOOTER_BYTES))


def _is_locked(path: Path) -> bool:
    with path.open("r+b" if os.access(path, os.W_OK) else "rb") as file:  # NFS locks need write access
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
