"""PyInstaller's analysis of a project, and the cache of past analyses.

The modules and libraries that a program needs follow from its environment, from the spec file, and from the imports of
the author's modules; the rest of the author's code does not matter. PyInstaller spends most of a build on the analysis,
so builds share it as long as these three stay the same.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.format.regular_file import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

#: Files in a build's work folder. The spec file writes both.
ANALYSIS_FILE, LIBRARY_FILE = "analysis.json", "base_library.zip"
#: If a module contains one of these, any change of it may change what PyInstaller finds.
_DYNAMIC_IMPORT_MARKS = (
    b"__import__",
    b"cdll",
    b"cffi",
    b"ctypes",
    b"dlopen",
    b"importlib",
    b"matplotlib",
    b"metadata",
    b"pkg_resources",
)
#: How many analyses of a project the cache holds.
_MAX_ANALYSES = 3


def imports_digest(source: bytes) -> str:
    """The digest of everything that PyInstaller reads in a module: its imports, those in functions included. Pure."""
    relevant = source
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):  # then any change counts
        if not any(mark in source for mark in _DYNAMIC_IMPORT_MARKS):
            nodes = ast.walk(ast.parse(source))
            imports = {ast.dump(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))}
            relevant = repr(sorted(imports)).encode()
    return hashlib.sha256(relevant).hexdigest()


def list_frozen(work: Path) -> list[Path]:
    """The files that a program was frozen from; for links, their targets.

    Args:
        work: the work folder of the build.
    """
    lists = json.loads((work / ANALYSIS_FILE).read_text("utf-8"))
    return [Path(path) for files in lists.values() for _, path, _ in files]


def read_libraries(work: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of the libraries that were frozen into a program.

    Args:
        work: the work folder of the build.
    """
    for name, path in list_libraries(work):
        yield name, path.read_bytes()


def list_libraries(work: Path) -> Iterator[tuple[str, Path]]:
    """The libraries that were frozen into a program: their names in it, and their files.

    Args:
        work: the work folder of the build.
    """
    lists = json.loads((work / ANALYSIS_FILE).read_text("utf-8"))
    for name, path, kind in lists["binaries"]:
        if kind in ("BINARY", "EXTENSION"):
            yield name, Path(path)


def read_declared(work: Path) -> dict[str, str]:
    """The parts of a program that it contains only because they are declared, and their distributions.

    Args:
        work: the work folder of the build.
    """
    lists = json.loads((work / ANALYSIS_FILE).read_text("utf-8"))
    return {name: distribution for name, _, distribution in lists["declared"]}


class AnalysisCache:
    """The cache of a project's analyses.

    Args:
        folder: the folder of the cache.
        inputs: the strings that decide on the analysis, in addition to the author's modules.
        places: folders that differ from build to build, by the name that replaces them in the cache.
        source_root: the folder of the author's modules.
        read_module: returns the content of one of the author's modules.
    """

    def __init__(
        self,
        folder: Path,
        inputs: Iterable[str],
        places: Mapping[str, Path],
        source_root: Path,
        read_module: Callable[[Path], bytes] = Path.read_bytes,
    ) -> None:
        self._places = {f"<{name}>": f"{path}{os.sep}" for name, path in places.items()}
        self._source_root = source_root
        self._read_module = read_module
        digest = hashlib.sha256()
        for item in inputs:
            portable = item
            for name, path in self._places.items():
                portable = portable.replace(path, name)
            digest.update(portable.encode() + b"\0")
        self._folder = folder / digest.hexdigest()[:32]

    def restore(self, work: Path) -> bool:
        """Copy the analysis from the cache to a work folder.

        Returns:
            Whether the cache has one that still holds.
        """
        try:
            record = json.loads(read_text(self._folder / ANALYSIS_FILE))
            if record["imports"] != self._imports(record["lists"]):
                return False
            document = json.dumps(record["lists"])
            for name, path in self._places.items():
                document = document.replace(json.dumps(name)[:-1], json.dumps(path)[:-1])
            lists = json.loads(document)
            # A library of this host may be gone. Links and packages without a file have no absolute paths.
            paths = [Path(path) for _, path, _ in (*lists["pure"], *lists["binaries"])]
            if not all(path.exists() for path in paths if path.is_absolute()):
                return False
            shutil.copyfile(self._folder / LIBRARY_FILE, work / LIBRARY_FILE)
            (work / ANALYSIS_FILE).write_text(document, "utf-8")
            with suppress(OSError):
                os.utime(self._folder)
        except Exception:  # noqa: BLE001 - the file is missing or damaged in any way
            return False
        return True

    def store(self, work: Path) -> None:
        """Copy the analysis from a work folder to the cache. If the cache cannot be written, do nothing."""
        lists = json.loads((work / ANALYSIS_FILE).read_text("utf-8"))
        if any(path.startswith(f"{work / 'tmp'}{os.sep}") for files in lists.values() for _, path, _ in files):
            return  # PyInstaller wrote a file for this build alone
        document = json.dumps({"imports": self._imports(lists), "lists": lists})
        for name, path in self._places.items():
            document = document.replace(json.dumps(path)[:-1], json.dumps(name)[:-1])
        with suppress(OSError):
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=self._folder.parent))
            (temporary / ANALYSIS_FILE).write_text(document, "utf-8")
            shutil.copyfile(work / LIBRARY_FILE, temporary / LIBRARY_FILE)
            shutil.rmtree(self._folder, ignore_errors=True)
            temporary.replace(self._folder)
            analyses = sorted(self._folder.parent.iterdir(), key=lambda path: -path.stat().st_mtime)
            for old in analyses[_MAX_ANALYSES:]:
                shutil.rmtree(old, ignore_errors=True)

    def _imports(self, lists: dict[str, list[list[str]]]) -> dict[str, str]:
        """The digests of the imports of the author's modules; for compiled modules, of the whole file."""
        paths = [Path(path) for _, path, _ in (*lists["pure"], *lists["scripts"], *lists["binaries"])]
        return {
            str(path): imports_digest(self._read_module(path))
            for path in paths
            if path.is_relative_to(self._source_root)
        }
