"""The environments in the cache: which there are, who uses them, and how they go.

Beside the folder of each environment are two files. `NAME.lock` is locked by whoever installs or removes the
environment. `NAME.use` is locked, together with others, by every command that uses it; it holds the projects that did,
and its time is that of the last use.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STAMP = "complete.json"
_LOCK, _USE = ".lock", ".use"
#: How many environments of one project stay; edits of a local source make a new one each.
_MAX_ENVIRONMENTS = 3
#: How many projects the file of uses names.
_MAX_PROJECTS = 50
_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class StoredEnvironment:
    """An environment in the cache.

    Attributes:
        path: its folder.
        name: the name of the bundle.
        size: the size of its files that no other environment and no cache of uv shares with it, in bytes.
        used: the time of its last use, in seconds since 1970.
        in_use: whether a command uses it.
        projects: the folders of the projects that used it.
    """

    path: Path
    name: str
    size: int
    used: float
    in_use: bool
    projects: tuple[Path, ...]


class Use:
    """A lock that says that this process uses an environment, until the object is gone."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def __del__(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)


class EnvironmentStore:
    """The environments in a folder.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def locked(self, name: str) -> Iterator[Path]:
        """Lock the environment of a name, so that of concurrent commands one installs it and the others wait.

        An environment that is not complete at the end of the block is removed.

        Returns:
            Its folder.
        """
        root = self._folder / name
        with _exclusive(self._folder / f"{name}{_LOCK}", wait=True):
            try:
                yield root
            except BaseException:
                if not (root / STAMP).exists():
                    shutil.rmtree(root, ignore_errors=True)
                raise

    def use(self, name: str, project: Path) -> Use:
        """Note that a project uses an environment, which the caller has locked."""
        path = self._folder / f"{name}{_USE}"
        use = Use(path)
        projects = [*(known for known in _projects(path) if known != project), project][-_MAX_PROJECTS:]
        with suppress(OSError):
            path.write_text(json.dumps([str(known) for known in projects]), "utf-8")
        return use

    def environments(self) -> list[StoredEnvironment]:
        """The complete environments; the last used one comes first."""
        found = []
        for stamp in self._folder.glob(f"*/{STAMP}"):
            root = stamp.parent
            use = self._folder / f"{root.name}{_USE}"
            with suppress(OSError):
                used = (use if use.exists() else stamp).stat().st_mtime
                found.append(
                    StoredEnvironment(
                        root, root.name.rpartition("-")[0], _own_size(root), used, _is_locked(use), _projects(use)
                    )
                )
        return sorted(found, key=lambda environment: (-environment.used, environment.path))

    def prune(self, older_than_days: float = 0, *, gone: bool = False) -> list[StoredEnvironment]:
        """Remove environments that no command uses.

        Args:
            older_than_days: remove only environments that were last used at least so many days ago.
            gone: remove only environments whose projects are gone.

        Returns:
            The removed environments.
        """
        limit = time.time() - older_than_days * _DAY_S
        return [
            environment
            for environment in self.environments()
            if environment.used <= limit
            and not (gone and any(project.exists() for project in environment.projects))
            and self._remove(environment.path.name)
        ]

    def remove_superseded(self, name: str, project: Path) -> None:
        """Remove all but the last environments that only one project used, and what killed commands left.

        Args:
            name: the environment that the project uses now.
            project: its folder.
        """
        own = []
        for lock in self._folder.glob(f"*{_LOCK}"):
            other = lock.name.removesuffix(_LOCK)
            root, use = self._folder / other, self._folder / f"{other}{_USE}"
            if other == name or not root.is_dir():
                continue
            if not (root / STAMP).exists():
                self._remove(other)
            elif _projects(use) == (project,):
                with suppress(OSError):
                    own.append((-use.stat().st_mtime, other))
        for _, other in sorted(own)[_MAX_ENVIRONMENTS - 1 :]:
            self._remove(other)

    def _remove(self, name: str) -> bool:
        """Remove an environment unless a command uses or installs it.

        Returns:
            Whether it was removed.
        """
        root, lock, use = (self._folder / f"{name}{suffix}" for suffix in ("", _LOCK, _USE))
        try:
            with _exclusive(lock, wait=False), _exclusive(use, wait=False):
                (root / STAMP).unlink(missing_ok=True)
                shutil.rmtree(root)
                use.unlink(missing_ok=True)
                lock.unlink(missing_ok=True)
        except OSError:
            return False
        return True


@contextmanager
def _exclusive(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock file.

    Raises:
        BlockingIOError: if another process holds it, and the caller does not wait.
    """
    while True:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The process that removes an environment removes its lock files. Then the name may be another file's.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    yield
                    return


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _projects(use: Path) -> tuple[Path, ...]:
    try:
        return tuple(map(Path, json.loads(use.read_text("utf-8"))))
    except (OSError, ValueError, TypeError):
        return ()


def _own_size(root: Path) -> int:
    """The bytes that are free when a folder is removed: those of files that have no other name."""
    size = 0
    for folder, _, names in os.walk(root):
        for name in names:
            with suppress(OSError):
                status = Path(folder, name).lstat()
                size += status.st_size if status.st_nlink == 1 else 0
    return size
