"""What builds keep in the cache: environments, and analyses of PyInstaller."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.python.environment_store import EnvironmentStore
from dagfloe.build.python.resolution import remove_resolutions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENVIRONMENT, ANALYSIS = "environment", "analysis"
_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class CachedItem:
    """An environment or an analysis.

    Attributes:
        kind: which of both.
        bundle: the name of the bundle.
        id: its name in the cache.
        path: its folder.
        size: what its removal frees, in bytes.
        used: the time of its last use, in seconds since 1970.
        in_use: whether a command uses it.
        projects: the folders of the projects that used it; empty for an analysis.
    """

    kind: str
    bundle: str
    id: str
    path: Path
    size: int
    used: float
    in_use: bool
    projects: tuple[Path, ...]


class BuildCache:
    """What builds keep in a cache.

    Args:
        cache: the cache folder.
    """

    def __init__(self, cache: Path) -> None:
        self._environments = EnvironmentStore(cache / "environments")
        self._analyses = cache / "analyses"
        self._resolutions = cache / "resolutions"

    def items(self) -> list[CachedItem]:
        """All environments and analyses; the last used ones come first."""
        found = [
            CachedItem(
                ENVIRONMENT,
                item.name,
                item.path.name.rpartition("-")[2],
                item.path,
                item.size,
                item.used,
                item.in_use,
                item.projects,
            )
            for item in self._environments.environments()
        ]
        return sorted([*found, *self._list_analyses()], key=lambda item: (-item.used, item.path))

    def prune(
        self, older_than_days: float = 0, *, gone: bool = False, kinds: Iterable[str] = (ENVIRONMENT, ANALYSIS)
    ) -> list[CachedItem]:
        """Remove what no command uses. The next build makes it again, with the same versions.

        Args:
            older_than_days: remove only what was last used at least so many days ago.
            gone: remove only environments whose projects are gone, and analyses of bundles without an environment.
            kinds: the kinds to remove.

        Returns:
            What was removed.
        """
        limit = time.time() - older_than_days * _DAY_S
        items = [item for item in self.items() if item.used <= limit]
        environments = set()
        if ENVIRONMENT in kinds:
            environments = {item.path for item in self._environments.prune(older_than_days, gone=gone)}
        removed = [item for item in items if item.path in environments]
        names = {item.bundle for item in self.items() if item.kind == ENVIRONMENT}
        for item in items:
            if item.kind == ANALYSIS and ANALYSIS in kinds and not (gone and item.bundle in names):
                with suppress(OSError):
                    shutil.rmtree(item.path)
                    removed.append(item)
        remove_resolutions(self._resolutions)
        for folder in (*self._analyses.glob("*"), self._analyses):
            with suppress(OSError):
                folder.rmdir()  # only if it is empty
        return removed

    def _list_analyses(self) -> Iterator[CachedItem]:
        for path in self._analyses.glob("*/*"):
            with suppress(OSError):
                size = sum(Path(folder, name).lstat().st_size for folder, _, names in os.walk(path) for name in names)
                yield CachedItem(
                    ANALYSIS,
                    path.parent.name,
                    path.name[:16],
                    path,
                    size,
                    path.stat().st_mtime,
                    in_use=False,
                    projects=(),
                )
