"""What a frozen program holds, by the result of PyInstaller's analysis."""

from __future__ import annotations

import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dagfloe.build.freeze.analysis import ANALYSIS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Contents:
    """What a frozen program holds.

    Attributes:
        modules: the names of its modules.
        files: the paths of its files, relative to its folder.
    """

    modules: frozenset[str]
    files: frozenset[str]

    def has(self, path: str) -> bool:
        """Whether it holds a file, or a file in a folder.

        Args:
            path: the path relative to its folder.
        """
        return path in self.files or any(name.startswith(f"{path}/") for name in self.files)


def read_contents(work: Path) -> Contents:
    """What the program holds that a build has frozen.

    Args:
        work: the work folder of the build.
    """
    lists = json.loads((work / ANALYSIS_FILE).read_text("utf-8"))
    files = {PurePosixPath(name).as_posix(): path for kind in ("binaries", "datas") for name, path, _ in lists[kind]}
    modules = {name for name, _, _ in lists["pure"]} | set(sys.builtin_module_names)
    modules.update(_modules_of(files))
    for name, path in files.items():
        if name == "base_library.zip":
            with zipfile.ZipFile(path) as library:
                modules.update(_modules_of(library.namelist()))
    return Contents(frozenset(modules), frozenset(files))


def _modules_of(names: Iterable[str]) -> set[str]:
    """The modules that files hold, by their paths."""
    modules = set()
    for name in names:
        if name.endswith((".py", ".pyc", ".so")):
            parts = PurePosixPath(name).parts
            parts = (*parts[:-1], parts[-1].partition(".")[0])
            parts = parts[1:] if "lib-dynload" in parts[:2] else parts
            parts = parts[1:] if parts[0] == "lib-dynload" else parts
            modules.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return modules
