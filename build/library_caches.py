"""Lists and prunes the folders in which libraries in bundle files keep what they have computed.

`dagfloe.runtime.process.library_caches` makes them: one for each version of a bundle.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.program_store import ProgramStore
from dagfloe.runtime.process.library_caches import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class LibraryCache:
    """What the libraries in one version of a bundle keep.

    Attributes:
        id: the version's name in the cache.
        bundle: the name of the bundle; `?` if its program is not in the store any more.
        path: its folder.
        size: the size of its files, in bytes.
        used: the time of its last use, in seconds since 1970.
        is_used: whether a process runs the program.
        is_gone: whether the store does not have the program any more.
    """

    id: str
    bundle: str
    path: Path
    size: int
    used: float
    is_used: bool
    is_gone: bool


class LibraryCaches:
    """The library caches in a cache folder.

    Args:
        cache: the cache folder.
    """

    def __init__(self, cache: Path) -> None:
        self._folder = cache / NAME
        self._store = ProgramStore(cache)

    def items(self) -> list[LibraryCache]:
        """The library caches of this user; the last used ones come first.

        Raises:
            PackError: if a folder of the store is something else.
        """
        return sorted(self._items(), key=lambda item: (-item.used, item.id))

    def prune(self, older_than_days: float = 0, *, gone: bool = False) -> list[LibraryCache]:
        """Remove the library caches of programs that do not run. Libraries compute the content again.

        Args:
            older_than_days: remove only those that were last used at least so many days ago.
            gone: remove only those whose program is not in the store any more.

        Returns:
            What was removed.

        Raises:
            PackError: if a folder of the store is something else.
        """
        limit = time.time() - older_than_days * _DAY_S
        removed = []
        for item in self.items():
            if item.used <= limit and not item.is_used and (item.is_gone or not gone):
                with suppress(OSError):
                    shutil.rmtree(item.path)
                    removed.append(item)
        with suppress(OSError):
            self._folder.rmdir()  # only if it is empty
        return removed

    def _items(self) -> Iterator[LibraryCache]:
        programs = {program.id: program for program in self._store.programs()}
        with suppress(FileNotFoundError, NotADirectoryError):
            for path in self._folder.iterdir():
                with suppress(FileNotFoundError):
                    status = path.lstat()
                    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                        continue
                    program = programs.get(path.name)
                    one_file_name = path.name.rsplit("-", 2)[0] if path.name.count("-") > 1 else ""
                    yield LibraryCache(
                        id=path.name,
                        bundle=program.name if program else one_file_name or "?",
                        path=path,
                        size=sum(
                            Path(folder, name).lstat().st_size for folder, _, names in os.walk(path) for name in names
                        ),
                        used=status.st_mtime,
                        is_used=program is not None and program.is_running,
                        is_gone=program is None and not one_file_name,  # one-file programs are in no store
                    )
