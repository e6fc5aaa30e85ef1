"""The sizes of a bundle file's packages. Pure."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.build.dag_processor.answers import ANSWERS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagfloe.format.contents import Part

PYTHON, LIBRARIES, TOOL = "Python", "system libraries", "dagfloe"
_PYTHON_FILE = re.compile(r"base_library\.zip|libpython[\w.]*|python3[\w.]*/.*|lib-dynload/.*")
_LIBRARY = re.compile(r"lib[^/]*\.so[\d.]*")
#: What may follow a package's name in the name of one of its files or folders.
_ENDING = re.compile(r"(-[^/]*\.(dist|egg)-info|\.libs|\.(cpython|abi3)[^/]*|\.so|\.pyi?)?(/.*)?", re.DOTALL)
_BOOT = re.compile(r"pyi[\w]*|_pyi[\w]*|PyInstaller")


@dataclass(frozen=True, slots=True)
class PackageSize:
    """The size of a package.

    Attributes:
        name: its import name, or the name of a distribution; or `Python`, `system libraries`, `dagfloe`.
        size: its size once it is unpacked, in bytes.
        packed: the bytes that it takes in the bundle file.
    """

    name: str
    size: int
    packed: int


def sizes_by_package(parts: Iterable[Part], project: str, own_modules: Iterable[str]) -> list[PackageSize]:
    """Sum up the parts of a program by package. The largest package comes first.

    Args:
        parts: the parts.
        project: the name for the author's own code and data.
        own_modules: the author's modules.
    """
    own = {module.partition(".")[0] for module in own_modules}
    sums: dict[str, list[int]] = {}
    for part in parts:
        name = _package_of_module(part.name) if part.is_module else _package_of_file(part.name)
        total = sums.setdefault(project if name in own else name, [0, 0])
        total[0] += part.size
        total[1] += part.packed
    sizes = [PackageSize(name, size, packed) for name, (size, packed) in sums.items()]
    return sorted(sizes, key=lambda package: (-package.packed, package.name))


def sizes_by_distribution(parts: Iterable[Part], distributions: Mapping[str, str]) -> list[PackageSize]:
    """Sum up some parts of a program by distribution. The largest comes first.

    Args:
        parts: all parts.
        distributions: the distributions of those that count, by the part's name.
    """
    sums: dict[str, list[int]] = {}
    for part in parts:
        name = distributions.get(part.name if part.is_module else part.name.removeprefix("_internal/"))
        if name is not None:
            total = sums.setdefault(name, [0, 0])
            total[0] += part.size
            total[1] += part.packed
    sizes = [PackageSize(name, size, packed) for name, (size, packed) in sums.items()]
    return sorted(sizes, key=lambda package: (-package.packed, package.name))


def _package_of_module(name: str) -> str:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top.startswith("_sysconfigdata"):
        return PYTHON
    return TOOL if _BOOT.fullmatch(top) else top


def _package_of_file(path: str) -> str:
    if path == ANSWERS_FILE:
        return TOOL
    path = path.removeprefix("_internal/")
    if _PYTHON_FILE.fullmatch(path):
        return PYTHON
    if _LIBRARY.fullmatch(path):
        return LIBRARIES
    folder_or_file = path.partition("/")[0]
    for end in range(1, len(folder_or_file) + 1):
        if _ENDING.fullmatch(path[end:]):
            return folder_or_file[:end].replace("-", "_")
    return folder_or_file
