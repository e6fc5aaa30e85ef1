"""Which versions an environment gets: those of a lock file of the project, or those of its first build.

The first build of a project without a lock file resolves its requirements. The cache holds the result, a `pylock.toml`
of PEP 751, so later builds install the same versions, and need no network to find them. A change of the requirements
changes only the versions that must change.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from dagfloe.build.pyproject import read_uv_table
from dagfloe.build.python.local_sources import digest_source, locked_sources, required_sources
from dagfloe.build.python.lock_file import PYLOCK, UV_LOCK, find_lock_file
from dagfloe.format.errors import FreezeError
from dagfloe.format.regular_file import read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.requirements import Requirement

    from dagfloe.build.project import Project
    from dagfloe.build.python.interpreter import Interpreter
    from dagfloe.build.python.uv import Uv

#: What uv calls the format of PEP 751 while it may still change.
PREVIEW = ("--preview-features", "pylock")
_FACTS = "facts.json"
_ALL, _LOCKED, _TOOLS = "pylock.toml", "pylock.project.toml", "pylock.tools.toml"
#: How many resolutions of one project the cache holds.
_MAX_RESOLUTIONS = 5
#: uv replaces a requirement by one that never applies: the runtime of the tool itself is what runs.
_WITHOUT_DAGFLOE = 'dagfloe ; python_version < "3"'


@dataclass(frozen=True, slots=True)
class Resolution:
    """The distributions of an environment.

    Attributes:
        files: the files with their versions and digests, in the order in which they are installed.
        sources: the digest of each folder and file of this host that a distribution comes from.
        source_names: the names of these distributions.
    """

    files: tuple[Path, ...]
    sources: dict[str, str]
    source_names: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A digest of everything that is installed."""
        content = [file.read_text("utf-8") for file in self.files]
        return hashlib.sha256(json.dumps([content, self.sources]).encode()).hexdigest()


class Resolver:
    """Finds the resolution of a project, in the cache or with uv.

    Args:
        project: the project.
        tools: the requirements of every environment, in addition.
        interpreter: the environment's Python.
        folder: the folder of the cache for resolutions.
        work: a folder for temporary files.
        uv: runs uv.
    """

    def __init__(
        self,
        project: Project,
        tools: Iterable[Requirement],
        interpreter: Interpreter,
        folder: Path,
        work: Path,
        uv: Uv,
    ) -> None:
        self._project = project
        self._tools = sorted(map(str, tools))
        self._interpreter = interpreter
        self._work = work
        self._uv = uv
        self._parent = folder
        self._uv_table = read_uv_table(project.root)
        self._read_lock_file()

    def _read_lock_file(self) -> None:
        self._lock_file = find_lock_file(self._project)
        interpreter = self._interpreter
        decisive = [
            self._tools,
            sorted(map(str, self._project.dependencies)),
            [str(interpreter.executable), interpreter.base_prefix, interpreter.version],
            self._uv_table and [self._uv_table, str(self._project.root)],  # its paths are relative
            self._lock_file and [str(self._lock_file.path), self._lock_file.digest],
        ]
        digest = hashlib.sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest()
        self._folder = self._parent / f"{self._project.file_name}-{digest[:16]}"

    @property
    def has_lock_file(self) -> bool:
        """Whether the project has a lock file."""
        return self._lock_file is not None

    def write_lock_file(self, *, upgrade: bool = False) -> None:
        """Write the lock file of the project: its own, or else a new `pylock.toml` that holds for all platforms.

        Args:
            upgrade: whether to look for newer versions.

        Raises:
            FreezeError: if uv fails.
        """
        if self._lock_file is not None and self._lock_file.path.name == UV_LOCK:
            arguments = ["--python", str(self._interpreter.executable), *(["--upgrade"] if upgrade else [])]
            self._uv.run(f"writing {self._lock_file.path}", "lock", "--quiet", *arguments, with_pip_settings=False)
        else:
            path = self._project.root / PYLOCK
            if not path.exists():
                for folder in (self._folder, *self._own_others()):
                    if (folder / _ALL).exists():  # uv takes the versions in the file that it overwrites
                        shutil.copyfile(folder / _ALL, path)
                        break
            minor = ".".join(self._interpreter.version.split(".")[:2])
            arguments = [*self._write_requirements(), "--universal", "--python-version", minor]
            self._compile(path, arguments, (), upgrade=upgrade)
        self._read_lock_file()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let other commands that resolve the same requirements wait."""
        with self._folder.with_name(f"{self._folder.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def resolve(self, *, upgrade: bool = False) -> Resolution:
        """The resolution.

        Args:
            upgrade: whether to look for newer versions, unless a lock file of the project has them.

        Raises:
            PackError: if a lock file of the project does not fit the project.
            FreezeError: if the requirements exclude each other, or uv fails in another way.
        """
        facts = self._read_facts()
        changed = {}
        if facts is not None:
            sources = {path: digest_source(Path(path)) for path in facts["sources"].values()}
            changed = {name: path for name, path in facts["sources"].items() if sources[path] != facts["digests"][path]}
            if not changed and not upgrade:
                with suppress(OSError):
                    os.utime(self._folder)
                return self._resolution(facts)
        self._folder.mkdir(parents=True, exist_ok=True)
        if facts is None:
            self._take_versions_of_last_resolution()
        if self._lock_file is None:
            self._compile(self._folder / _ALL, self._write_requirements(), changed, upgrade=upgrade)
            files = [_ALL]
        else:
            self._lock_file.export(self._uv, self._interpreter, self._folder / _LOCKED)
            pins = self._write("pins.txt", _pins(_read_lock(self._folder / _LOCKED)))
            tools = [self._write("tools.in", self._tools), "--constraints", pins]
            self._compile(self._folder / _TOOLS, tools, changed, upgrade=upgrade)
            files = [_LOCKED, _TOOLS]
        facts = self._write_facts(files)
        self._remove_old()
        return self._resolution(facts)

    def _resolution(self, facts: dict[str, Any]) -> Resolution:
        files = tuple(self._folder / name for name in facts["files"])
        return Resolution(files, facts["digests"], tuple(sorted(facts["sources"])))

    def _compile(self, output: Path, requirements: Iterable[str], changed: Iterable[str], *, upgrade: bool) -> None:
        overrides = self._write("overrides.txt", [_WITHOUT_DAGFLOE])
        arguments = [*requirements, "--overrides", overrides]
        arguments += ["--python", str(self._interpreter.executable), "--no-header", *PREVIEW]
        arguments += ["--format", "pylock.toml", "--output-file", str(output)]
        for package in changed:
            arguments += ["--refresh-package", package]
        if upgrade:
            arguments += ["--upgrade", "--refresh"]
        self._uv.compile("resolving the dependencies", *arguments)
        content = output.read_text("utf-8")
        output.write_text(self._uv.redact(content.replace("editable = true", "editable = false")), "utf-8")

    def _write_requirements(self) -> list[str]:
        """The arguments of a resolution that name what the project requires."""
        tools = self._write("tools.in", self._tools)
        if self._uv_table:  # it changes what the requirements mean
            return [str(self._project.pyproject), tools]
        return [self._write("project.in", map(str, self._project.dependencies)), tools]

    def _write(self, name: str, lines: Iterable[str]) -> str:
        path = self._work / name
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return str(path)

    def _read_facts(self) -> dict[str, Any] | None:
        try:
            facts = json.loads(read_text(self._folder / _FACTS))
            is_complete = all((self._folder / name).is_file() for name in facts["files"])
            return {name: facts[name] for name in ("files", "sources", "digests", "root")} if is_complete else None
        except Exception:  # noqa: BLE001 - it is missing, or damaged in any way
            return None

    def _write_facts(self, files: list[str]) -> dict[str, Any]:
        sources = {
            canonicalize_name(name): str(path)
            for file in files
            for name, path in locked_sources(_read_lock(self._folder / file), self._folder)
        }
        paths = {*sources.values(), *map(str, required_sources(self._project.dependencies))}
        facts: dict[str, Any] = {
            "files": files,
            "sources": sources,
            "digests": {path: digest_source(Path(path)) for path in sorted(paths)},
            "root": str(self._project.root),
        }
        (self._folder / _FACTS).write_text(json.dumps(facts), "utf-8")
        return facts

    def _take_versions_of_last_resolution(self) -> None:
        """Let the resolution prefer the versions of this project's last one, whose requirements were others."""
        for folder in self._own_others():
            for name in (_ALL, _TOOLS):
                if (folder / name).exists():
                    shutil.copyfile(folder / name, self._folder / name)
            return

    def _own_others(self) -> Iterator[Path]:
        """The folders of other resolutions of this very project; the last used one comes first."""
        for folder in self._others():
            with suppress(OSError, ValueError, LookupError, TypeError):
                if json.loads(read_text(folder / _FACTS))["root"] == str(self._project.root):
                    yield folder

    def _remove_old(self) -> None:
        for folder in self._others()[_MAX_RESOLUTIONS:]:
            shutil.rmtree(folder, ignore_errors=True)

    def _others(self) -> list[Path]:
        """The folders of other resolutions of projects of this name; the last used one comes first."""
        folders = []
        for path in self._parent.glob(f"{self._project.file_name}-*"):
            with suppress(OSError):
                if path != self._folder and re.fullmatch(r"[0-9a-f]{16}", path.name.rpartition("-")[2]):
                    folders.append((-path.stat().st_mtime, path))
        return [path for _, path in sorted(folders)]


def remove_resolutions(folder: Path) -> None:
    """Remove the resolutions of projects that are gone. Those of others stay, because they hold the versions."""
    for facts in folder.glob(f"*/{_FACTS}"):
        with suppress(OSError, ValueError, LookupError, TypeError):
            if not Path(json.loads(read_text(facts))["root"]).exists():
                shutil.rmtree(facts.parent)
                facts.parent.with_name(f"{facts.parent.name}.lock").unlink(missing_ok=True)


def _read_lock(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except Exception as error:
        raise FreezeError(f"{path} cannot be read: {error}; delete it") from error


def _pins(lock: dict[str, Any]) -> list[str]:
    """The versions in a lock, as constraints."""
    return [
        f"{package['name']}=={package['version']}" + (f" ; {package['marker']}" if package.get("marker") else "")
        for package in lock.get("packages", ())
        if package.get("version")
    ]
