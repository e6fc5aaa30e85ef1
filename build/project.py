"""An author's project: what its `pyproject.toml` says, checked, and the modules that it consists of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from dagfloe import __version__
from dagfloe.format.errors import PackError
from dagfloe.format.pyproject import FILE_NAME, read_pyproject, schema_version_of
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION

_OPTIONS = ("bundle", "airflow", "hidden-imports", "data", "package-data", "metadata", "exclude", "cache-dir")
_TARGET = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*)")


@dataclass(frozen=True, slots=True)
class Project:
    """An author's project.

    Attributes:
        root: the folder of `pyproject.toml`.
        name: the project's name.
        version: the project's version.
        requires_python: which Python versions it takes; all when it says nothing.
        dependencies: what is installed for it, without dagfloe itself.
        target: where the bundle is, as `module:attribute`.
        source_root: the folder that its modules are imported from.
        source_file: the file of the module that holds the bundle.
        modules: the dotted names of all its modules.
        schema_version: the supervisor schema version that it speaks.
        hidden_imports: modules to freeze although no import statement names them.
        data: files and folders to freeze, and the folder that each goes into.
        package_data: packages whose data files are frozen.
        metadata: distributions whose metadata is kept, beside the declared dependencies.
        exclude: modules to leave out.
        cache_dir: where its files unpack themselves; empty for the cache of the user that runs them.
    """

    root: Path
    name: str
    version: str
    requires_python: SpecifierSet
    dependencies: tuple[Requirement, ...]
    target: str
    source_root: Path
    source_file: Path
    modules: tuple[str, ...]
    schema_version: str = DEFAULT_SCHEMA_VERSION
    hidden_imports: tuple[str, ...] = ()
    data: tuple[tuple[Path, str], ...] = ()
    package_data: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    cache_dir: str = ""

    @property
    def file_name(self) -> str:
        """The bundle file's name: it has no dot, because Airflow 3.4 parses only files without a suffix."""
        return str(canonicalize_name(self.name))


def read_project(root: Path) -> Project:
    """Read the project in a folder.

    Raises:
        PackError: when there is none, or it is not written as it should be.
    """
    path = root / FILE_NAME
    try:
        document = read_pyproject(path)
    except FileNotFoundError:
        what = "it has no pyproject.toml" if root.is_dir() else "there is no such folder"
        raise PackError(f"{root} is no bundle project: {what}; `dagfloe new NAME` starts one") from None
    return _Reader(root.resolve(), path, document).project()


class _Reader:
    """Reads the tables of one `pyproject.toml`; every complaint names the file and the key."""

    def __init__(self, root: Path, path: Path, document: dict[str, Any]) -> None:
        self._root = root
        self._path = path
        self._project = self._table(document, "project")
        self._tool = self._table(self._table(document, "tool", {}), "dagfloe", name="tool.dagfloe")

    def project(self) -> Project:
        unknown = sorted(set(self._tool) - set(_OPTIONS))
        if unknown:
            raise self._error(f"[tool.dagfloe] has no key {unknown[0]!r}: it takes {', '.join(_OPTIONS)}")
        if {"dependencies", "version"} & set(self._texts(self._project, "dynamic", "project")):
            raise self._error("[project] has a dynamic version or dynamic dependencies: write them into the file")
        target = self._text(self._tool, "bundle", "tool.dagfloe")
        source_root, source_file = self._find_module(target)
        return Project(
            root=self._root,
            name=self._name(),
            version=self._version(),
            requires_python=self._requires_python(),
            dependencies=self._dependencies(),
            target=target,
            source_root=source_root,
            source_file=source_file,
            modules=_modules(source_root, target.partition(":")[0]),
            schema_version=schema_version_of(self._tool, self._path),
            hidden_imports=self._texts(self._tool, "hidden-imports"),
            data=tuple(self._datum(text) for text in self._texts(self._tool, "data")),
            package_data=self._texts(self._tool, "package-data"),
            metadata=self._texts(self._tool, "metadata"),
            exclude=self._texts(self._tool, "exclude"),
            cache_dir=self._cache_dir(),
        )

    def _name(self) -> str:
        name = self._text(self._project, "name", "project")
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
            raise self._error(
                f"[project] name {name!r} is no project name: use letters, digits, hyphens and underscores"
            )
        return name

    def _version(self) -> str:
        version = self._text(self._project, "version", "project")
        try:
            return str(Version(version))
        except InvalidVersion:
            raise self._error(f"[project] version {version!r} is no version, such as 1.2.0") from None

    def _requires_python(self) -> SpecifierSet:
        text = self._project.get("requires-python", "")
        try:
            return SpecifierSet(text)
        except (InvalidSpecifier, TypeError, AttributeError):
            raise self._error(f"[project] requires-python {text!r} is no version range, such as >=3.10") from None

    def _dependencies(self) -> tuple[Requirement, ...]:
        requirements = []
        for text in self._texts(self._project, "dependencies", "project"):
            try:
                requirement = Requirement(text)
            except InvalidRequirement as error:
                raise self._error(f"[project] dependencies: {text!r} is no requirement: {error}") from None
            if canonicalize_name(requirement.name) != "dagfloe":
                requirements.append(requirement)
            elif not requirement.specifier.contains(__version__, prereleases=True):
                raise self._error(
                    f"[project] dependencies wants {text}, and this is dagfloe {__version__}: install that"
                )
        return tuple(requirements)

    def _cache_dir(self) -> str:
        folder = self._tool.get("cache-dir", "")
        if not isinstance(folder, str) or (folder and not PurePosixPath(folder).is_absolute()):
            raise self._error(f"[tool.dagfloe] cache-dir is {folder!r}, expected an absolute path")
        return folder

    def _find_module(self, target: str) -> tuple[Path, Path]:
        match = _TARGET.fullmatch(target)
        if not match:
            raise self._error(f"[tool.dagfloe] bundle is {target!r}, expected module:attribute, such as tasks:bundle")
        relative = Path(*match[1].split("."))
        for source_root in (self._root, self._root / "src"):
            for candidate in (relative.with_suffix(".py"), relative / "__init__.py"):
                if (source_root / candidate).is_file():
                    return source_root, source_root / candidate
        raise self._error(
            f"[tool.dagfloe] bundle names the module {match[1]}, and there is no {relative}.py in {self._root} "
            "or its folder src"
        )

    def _datum(self, text: str) -> tuple[Path, str]:
        source, separator, folder = text.rpartition(":")
        path = (self._root / source).resolve()
        if not separator or not source or not folder:
            raise self._error(f"[tool.dagfloe] data: {text!r} should be path:folder, such as queries/*.sql:queries")
        if not any(self._root.glob(source)) and not path.exists():
            raise self._error(f"[tool.dagfloe] data: there is no {source} in {self._root}")
        return path, folder

    def _table(self, parent: dict[str, Any], key: str, default: Any = None, name: str = "") -> dict[str, Any]:
        table = parent.get(key, default)
        if not isinstance(table, dict):
            raise self._error(f"there is no table [{name or key}]")
        return table

    def _text(self, table: dict[str, Any], key: str, name: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            raise self._error(f"[{name}] needs the key {key}, a text")
        return value

    def _texts(self, table: dict[str, Any], key: str, name: str = "tool.dagfloe") -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self._error(f"[{name}] {key} should be a list of texts")
        return tuple(value)

    def _error(self, message: str) -> PackError:
        return PackError(f"{self._path}: {message}")


def _modules(source_root: Path, module: str) -> tuple[str, ...]:
    """The modules of the target's top-level package, or the target alone where it is a single file."""
    top = source_root / module.partition(".")[0]
    if not top.is_dir():
        return (module,)
    names = set()
    for path in top.rglob("*.py"):
        parts = path.relative_to(source_root).with_suffix("").parts
        names.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return tuple(sorted(name for name in names if _importable(name)))


def _importable(name: str) -> bool:
    parts = name.split(".")
    return all(part.isidentifier() for part in parts) and parts[-1] != "__main__"
