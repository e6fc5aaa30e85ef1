"""Distributions that come from folders and files of this host, which may change at any time."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from packaging.requirements import Requirement

#: Folders in a source that no build of it reads.
_IGNORED = {".git", ".hg", ".svn", ".tox", ".nox", ".venv", ".eggs", "__pycache__", "node_modules"}
_IGNORED_SUFFIXES = ("_cache", ".egg-info")
#: Folders at the top of a source into which build backends write.
_OUTPUTS = {"build", "dist", "target"}


def required_sources(requirements: Iterable[Requirement]) -> Iterator[Path]:
    """The folders and files that requirements name with `file:` URLs."""
    for requirement in requirements:
        parts = urlsplit(requirement.url or "")
        if parts.scheme == "file":
            yield Path(unquote(parts.path))


def locked_sources(lock: dict[str, Any], folder: Path) -> Iterator[tuple[str, Path]]:
    """The names of the distributions in a `pylock.toml` that are folders and files, and their paths.

    Args:
        lock: the content of the file.
        folder: its folder.
    """
    for package in lock.get("packages", ()):
        for kind in ("directory", "archive"):
            path = package.get(kind, {}).get("path")
            if path:
                yield package["name"], Path(os.path.normpath(folder / path))


def digest_source(path: Path) -> str:
    """The digest of the content of a folder or a file; empty if it does not exist."""
    digest = hashlib.sha256()
    if path.is_file():
        digest.update(path.read_bytes())
    elif path.is_dir():
        for file in _walk(path):
            digest.update(os.fsencode(file.relative_to(path)) + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    else:
        return ""
    return digest.hexdigest()


def _walk(root: Path) -> Iterator[Path]:
    for name, subfolders, files in os.walk(root):
        folder = Path(name)
        subfolders[:] = sorted(subfolder for subfolder in subfolders if _is_read(folder / subfolder, root))
        for file in sorted(files):
            path = folder / file
            if not file.endswith(".pyc") and path.is_file():
                yield path


def _is_read(folder: Path, root: Path) -> bool:
    """Whether a build of a source may read one of its folders."""
    if folder.name in _IGNORED or folder.name.endswith(_IGNORED_SUFFIXES) or (folder / "pyvenv.cfg").exists():
        return False
    return folder.parent != root or folder.name not in _OUTPUTS or (folder / "__init__.py").exists()
