"""The store of unpacked programs, as a person manages it; the launcher fills it and clears it by itself.

Its layout, and what its locks mean, is said in `launcher/store.c`.
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
from dagfloe.format.payload import FOOTER_BYTES, FOOTER_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY_S = 24 * 3600
_WARM_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class StoredProgram:
    """A program that is unpacked in a store.

    Attributes:
        id: its name in the store.
        name: the name of the bundle.
        path: its folder.
        size: the bytes of its files; other programs may share them.
        used: when it was started last, as far as the file system notes that, in seconds since 1970.
        is_running: whether a process runs it.
    """

    id: str
    name: str
    path: Path
    size: int
    used: float
    is_running: bool


class ProgramStore:
    """The store in a cache folder.

    Args:
        cache: the cache folder; the store is the folder `store` in it.
    """

    def __init__(self, cache: Path) -> None:
        self._entries = cache / "store" / "entries"
        self._objects = cache / "store" / "objects"
        self._partial = cache / "store" / "partial"

    def programs(self) -> list[StoredProgram]:
        """The unpacked programs, the one that was started last first."""
        return sorted(self._programs(), key=lambda program: (-program.used, program.id))

    def prune(self, older_than_days: float = 0) -> list[StoredProgram]:
        """Remove programs that nobody runs, and the files that only they had.

        Args:
            older_than_days: how long nobody may have started them.

        Returns:
            What was removed.

        Raises:
            OSError: when the store cannot be written.
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
            name = next((path.name for path in sorted(folder.iterdir()) if path.is_file()), "?")
            status = lock.stat()
            used = max(status.st_atime, status.st_mtime)
            yield StoredProgram(folder.name, name, folder, sum(files), used, _is_locked(lock))

    def _remove(self, program: StoredProgram) -> bool:
        """Remove a program; whether it was possible, because nobody runs or unpacks it."""
        locks = [self._entries / f"{program.id}.{suffix}" for suffix in ("use", "unpack")]
        with ExitStack() as stack:
            for path in locks:
                # The program may be a read-only one of another user's store: that error is told.
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                stack.callback(os.close, descriptor)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
            # By another name first, so that half of it is never found by the right one.
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
        file: a bundle file.
        cache: the cache folder; what the file chooses itself by default.
        shared: whether all users may read the store, where it is made now.

    Returns:
        The program's folder.

    Raises:
        PackError: when it cannot be unpacked, or has no launcher.
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
        raise PackError(f"{file} has no launcher: it unpacks itself at every start, and cannot be warmed")
    done = subprocess.run(
        [str(file.absolute())], capture_output=True, text=True, timeout=_WARM_TIMEOUT_S, check=False, env=env
    )
    if done.returncode != 0:
        raise PackError(done.stderr.strip() or f"{file} ended with status {done.returncode}")
    folder = Path(done.stdout.strip())
    if cache is not None and not folder.is_relative_to(cache.absolute()):
        raise PackError(f"{file} was not unpacked there, but in {folder}: {done.stderr.strip()}")
    return folder


def _has_launcher(file: Path) -> bool:
    start = read_bundle(file).binary_len - FOOTER_BYTES
    with file.open("rb") as opened:
        opened.seek(max(0, start))
        return opened.read(FOOTER_BYTES).endswith(FOOTER_MAGIC)


def _is_locked(path: Path) -> bool:
    with path.open("r+b" if os.access(path, os.W_OK) else "rb") as file:  # over NFS, reading alone is not enough
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
