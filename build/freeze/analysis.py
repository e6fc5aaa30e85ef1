"""What PyInstaller found out about a project, kept, so that it is not asked again when only the author's code changed.

Which modules and libraries a program needs follows from its environment, from what the build tells PyInstaller, and
from what the author's modules import; not from the rest of their code. PyInstaller takes most of a build's time for it.
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: With one of these in it, any change of a module may be one of what PyInstaller reads of it.
_TELLING = (
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
_LISTS, _LIBRARY = "analysis.json", "base_library.zip"
#: How many analyses of a project are kept.
_MOST = 3


def imports_digest(source: bytes) -> str:
    """The digest of all that PyInstaller reads of a module: what it imports, wherever in it. Pure."""
    read = source
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):  # else any change counts
        if not any(word in source for word in _TELLING):
            nodes = ast.walk(ast.parse(source))
            imports = {ast.dump(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))}
            read = repr(sorted(imports)).encode()
    return hashlib.sha256(read).hexdigest()


class Analyses:
    """The kept analyses of a project.

    Args:
        folder: where they are kept.
        inputs: texts that decide on the analysis, beside the author's modules.
        places: folders that are others in each build, by the name that stands for them in what is kept.
        source_root: the folder of the author's modules.
    """

    def __init__(self, folder: Path, inputs: Iterable[str], places: Mapping[str, Path], source_root: Path) -> None:
        self._places = {f"<{name}>": f"{path}{os.sep}" for name, path in places.items()}
        self._source_root = source_root
        digest = hashlib.sha256()
        for text in inputs:
            for name, path in self._places.items():
                text = text.replace(path, name)  # noqa: PLW2901 - the text without what is another in each build
            digest.update(text.encode() + b"\0")
        self._folder = folder / digest.hexdigest()[:32]

    def fetch(self, work: Path) -> bool:
        """Put the analysis into a folder for PyInstaller; whether one was kept and is still right."""
        try:
            kept = json.loads((self._folder / _LISTS).read_text("utf-8"))
            if kept["imports"] != self._imports(kept["lists"]):
                return False
            text = json.dumps(kept["lists"])
            for name, path in self._places.items():
                text = text.replace(json.dumps(name)[:-1], json.dumps(path)[:-1])
            lists = json.loads(text)
            # A library of this host may have gone since. Links and packages without a file have no absolute paths.
            paths = [Path(path) for _, path, _ in (*lists["pure"], *lists["binaries"])]
            if not all(path.exists() for path in paths if path.is_absolute()):
                return False
            shutil.copyfile(self._folder / _LIBRARY, work / _LIBRARY)
            (work / _LISTS).write_text(text, "utf-8")
            with suppress(OSError):
                os.utime(self._folder)
        except (OSError, ValueError, LookupError, TypeError):  # nothing is kept, or it is damaged
            return False
        return True

    def keep(self, work: Path) -> None:
        """Keep what PyInstaller found, for the next build; where the cache cannot be written, nothing is kept."""
        lists = json.loads((work / _LISTS).read_text("utf-8"))
        if any(path.startswith(f"{work / 'tmp'}{os.sep}") for files in lists.values() for _, path, _ in files):
            return  # something was made for this build alone
        text = json.dumps({"imports": self._imports(lists), "lists": lists})
        for name, path in self._places.items():
            text = text.replace(json.dumps(path)[:-1], json.dumps(name)[:-1])
        with suppress(OSError):
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            new = Path(tempfile.mkdtemp(dir=self._folder.parent))
            (new / _LISTS).write_text(text, "utf-8")
            shutil.copyfile(work / _LIBRARY, new / _LIBRARY)
            shutil.rmtree(self._folder, ignore_errors=True)
            new.replace(self._folder)
            for old in sorted(self._folder.parent.iterdir(), key=lambda path: -path.stat().st_mtime)[_MOST:]:
                shutil.rmtree(old, ignore_errors=True)

    def _imports(self, lists: dict[str, list[list[str]]]) -> dict[str, str]:
        """What each of the author's modules imports, as a digest; of compiled ones, any change counts."""
        paths = [Path(path) for _, path, _ in (*lists["pure"], *lists["scripts"], *lists["binaries"])]
        return {
            str(path): imports_digest(path.read_bytes()) for path in paths if path.is_relative_to(self._source_root)
        }
