"""The lock file of a project: `uv.lock`, or the `pylock.toml` of PEP 751. A bundle has exactly its versions."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from dagfloe.build.pyproject import FILE_NAME, read_uv_table
from dagfloe.format.errors import FreezeError, PackError
from dagfloe.format.regular_file import read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.requirements import Requirement

    from dagfloe.build.project import Project
    from dagfloe.build.python.interpreter import Interpreter
    from dagfloe.build.python.uv import Uv

UV_LOCK, PYLOCK = "uv.lock", "pylock.toml"
_MAX_STALE = 5


@dataclass(frozen=True, slots=True)
class LockFile:
    """A lock file.

    Attributes:
        path: the file.
        digest: the digest of its content.
        project: the project that it belongs to.
    """

    path: Path
    digest: str
    project: Project

    def export(self, uv: Uv, interpreter: Interpreter, output: Path) -> None:
        """Write what it holds for the project, without the project itself, as a `pylock.toml`.

        Args:
            uv: runs uv.
            interpreter: the Python of the environment.
            output: the file to write.

        Raises:
            PackError: if the file is damaged, or does not fit the project any more.
        """
        if self.path.name == PYLOCK:
            output.write_text(_with_absolute_paths(self._checked_pylock(), self.path.parent), "utf-8")
            return
        arguments = ["--locked", "--format", "pylock.toml", "--no-emit-project", "--no-default-groups", "--no-editable"]
        arguments += ["--no-header", "--prune", "dagfloe", "--python", str(interpreter.executable)]
        arguments += ["--preview-features", "pylock", "--output-file", str(output)]
        try:
            # With other indexes than those that it was written with, uv takes a lock file for outdated.
            uv.run(f"reading {self.path}", "export", "--quiet", *arguments, with_pip_settings=False)
        except FreezeError as error:
            if "--locked" in str(error):
                raise PackError(
                    f"{self.path} does not fit {self.project.pyproject}, which was changed since: run `uv lock`, or "
                    "build with --lock"
                ) from error
            raise
        output.write_text(_with_absolute_paths(output.read_text("utf-8"), output.parent), "utf-8")

    def _checked_pylock(self) -> str:
        content = read_text(self.path)
        try:
            packages: list[dict[str, Any]] = tomllib.loads(content).get("packages", [])
            versions: dict[str, str] = {
                str(canonicalize_name(package["name"])): package.get("version", "") for package in packages
            }
        except Exception as error:
            raise PackError(f"{self.path} is not a lock file of PEP 751: {error}") from error
        stale = [str(item) for item in self.project.dependencies if not _is_locked(item, versions)]
        if stale:
            more = f" and {len(stale) - _MAX_STALE} more" if len(stale) > _MAX_STALE else ""
            raise PackError(
                f"{self.path} does not hold what {self.project.pyproject} requires: {', '.join(stale[:_MAX_STALE])}"
                f"{more}; build with --lock to write it again, or use the tool that wrote it"
            )
        return content


def find_lock_file(project: Project) -> LockFile | None:
    """The lock file of a project; `uv.lock` comes first, and may be that of the workspace around the project."""
    candidates = [project.root / UV_LOCK, project.root / PYLOCK]
    for folder in project.root.parents:
        if (folder / UV_LOCK).is_file() and (folder / FILE_NAME).is_file() and "workspace" in read_uv_table(folder):
            candidates.insert(1, folder / UV_LOCK)
            break
    for path in candidates:
        if path.is_file():
            return LockFile(path, hashlib.sha256(path.read_bytes()).hexdigest(), project)
    return None


def _is_locked(requirement: Requirement, versions: dict[str, str]) -> bool:
    if requirement.marker is not None:
        return True  # it may be for another host
    version = versions.get(canonicalize_name(requirement.name))
    if version is None:
        return False
    return not version or requirement.url is not None or requirement.specifier.contains(version, prereleases=True)


def _with_absolute_paths(content: str, folder: Path) -> str:
    """A lock with absolute paths, and without editable installations, which cannot be frozen."""

    def absolute(match: re.Match[str]) -> str:
        path = json.loads(match[2])
        return f"{match[1]}{json.dumps(os.path.normpath(folder / path), ensure_ascii=False)}"

    content = re.sub(r'(\bpath\s*=\s*)("(?:[^"\\]|\\.)*")', absolute, content)
    return re.sub(r"\beditable\s*=\s*true\b", "editable = false", content)
