"""Writes a bundle file: the regions, and the trailer that describes them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dagfloe.build.work_folder import is_abandoned
from dagfloe.format.errors import PackError
from dagfloe.format.trailer import Trailer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_TEMPORARY = ".dagfloe-"
_STALE_AFTER_S = 3600


def prepare_output(target: Path) -> None:
    """Make the folder of a bundle file, and clear temporary files that killed builds of the same file left there.

    Raises:
        PackError: if the folder cannot be made or written, or the target is a folder.
    """
    output = target.parent
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PackError(f"the output folder {output} cannot be made: {error.strerror}") from error
    if not os.access(output, os.W_OK | os.X_OK):
        raise PackError(f"the output folder {output} cannot be written: choose another one with --output")
    if target.is_dir():
        raise PackError(f"{target} is a folder: remove it, or choose another --output")
    for path in output.iterdir():
        if path.name.startswith(f"{_TEMPORARY}{target.name}-"):
            with suppress(OSError):
                if _is_abandoned(path):
                    path.unlink()


@contextmanager
def new_bundle_file(target: Path, binary: bytes, source: bytes, manifest: bytes) -> Iterator[Path]:
    """Write a bundle file under a temporary name; the end of the block renames it. If the block raises, it is removed.

    Args:
        target: the file's final name.
        binary: the executable region.
        source: the source region.
        manifest: the manifest region.
    """
    trailer = Trailer(len(source), len(manifest), hashlib.sha256(binary).digest()).pack()
    with _new_file(target, target, (binary, source + manifest, trailer), mode=0o755) as temporary:
        yield temporary


def write_beside(target: Path, path: Path, content: bytes) -> None:
    """Write a file that belongs to a bundle file, and is in the same folder. It appears by an atomic rename.

    Args:
        target: the bundle file.
        path: the file.
        content: its content.

    Raises:
        OSError: if it cannot be written.
    """
    with _new_file(target, path, (content,), mode=0o644):
        pass


@contextmanager
def _new_file(target: Path, path: Path, contents: Iterable[bytes], *, mode: int) -> Iterator[Path]:
    """Write a file under a temporary name, which is the bundle file's, so that its next build clears what is left."""
    temporary = target.parent / f"{_TEMPORARY}{target.name}-{uuid.uuid4().hex}"
    lock = -1
    try:
        with temporary.open("xb") as file:
            lock = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)  # open for reading, so that the file can be started
            with suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            for content in contents:
                file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        if lock >= 0:
            os.close(lock)
    _sync_folder(path.parent)


def _is_abandoned(path: Path) -> bool:
    """Whether a killed build left a file. On a file system without locks, its age decides.

    Raises:
        OSError: if it is gone.
    """
    try:
        return is_abandoned(path)
    except OSError:
        return path.lstat().st_mtime < time.time() - _STALE_AFTER_S


def _sync_folder(folder: Path) -> None:
    """Write the rename to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
