"""An author's project: its settings in `pyproject.toml`, checked, and its modules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from dagfloe import __version__
from dagfloe.build.pyproject import (
    FILE_NAME,
    read_host_target,
    read_native_dags,
    read_parse_setting,
    read_pyproject,
    read_python,
    read_schema_version,
)
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION

if TYPE_CHECKING:
    from dagfloe.build.pyproject import HostTarget, Table

#: The keys of [tool.dagfloe].
OPTIONS = (
    "bundle",
    "airflow",
    "airflow-names",
    "native-dags",
    "native-dags-at",
    "hidden-imports",
    "data",
    "package-data",
    "metadata",
    "exclude",
    "collect",
    "slim",
    "binaries",
    "hooks",
    "cache-dir",
    "target",
    "python",
    "sbom",
)
# Not `canonicalize_name(..., validate=True)`: see docs/adr/0004-own-code.md.
#: What a project with `airflow-names` needs to render templates. It has a marker, because a lock file may lack it: then
#: a task that has templates fails, and says what to add.
_JINJA = Requirement("jinja2; python_version >= '3'")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_TARGET = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*)")


@dataclass(frozen=True, slots=True)
class Project:
    """An author's project.

    Attributes:
        root: the folder of `pyproject.toml`.
        name: the project's name.
        version: the project's version.
        requires_python: the Python versions that it allows; all by default.
        dependencies: the requirements to install, without dagfloe itself.
        target: where the bundle is, as `module:attribute`.
        source_root: the folder that its modules are imported from.
        source_file: the file of the module that holds the bundle.
        modules: the dotted names of all its modules.
        schema_version: the version of the supervisor's schema that its bundle uses.
        airflow_names: whether its modules can import from `airflow`, and its tasks receive Airflow's context.
        native_dags: the dag_ids of the Dags that the bundle file returns to Airflow's Dag processor; True for all.
        makes_dags_at_parse: whether the program makes its native Dags at each parse, and not the build.
        hidden_imports: modules to freeze although no import statement names them.
        data: pairs of a file or folder to freeze and the folder that it goes into.
        package_data: packages whose data files are frozen.
        metadata: distributions whose metadata is frozen, in addition to the dependencies.
        exclude: modules to leave out.
        collect: distributions and packages to take whole, with their tests.
        slim: dependencies of which only the modules that something imports are taken; True for all.
        binaries: as `data`, for shared libraries.
        hooks: a folder with hooks for PyInstaller.
        cache_dir: the folder in which its bundle file unpacks itself; empty for the cache of the user that runs it.
        host_target: the oldest host that its bundle file has to run on; None for any.
        python: the version or the path of its Python; empty for any that `requires_python` allows.
        sbom: whether each build writes a list of what is in its bundle file.
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
    airflow_names: bool = False
    native_dags: bool | tuple[str, ...] = ()
    makes_dags_at_parse: bool = False
    hidden_imports: tuple[str, ...] = ()
    data: tuple[tuple[Path, str], ...] = ()
    package_data: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()
    slim: bool | tuple[str, ...] = ()
    binaries: tuple[tuple[Path, str], ...] = ()
    hooks: Path | None = None
    cache_dir: str = ""
    host_target: HostTarget | None = None
    python: str = ""
    sbom: bool = False

    @property
    def pyproject(self) -> Path:
        """Its `pyproject.toml`."""
        return self.root / FILE_NAME

    @property
    def file_name(self) -> str:
        """The bundle file's name. It has no dot, because Airflow 3.4 parses only files without a suffix."""
        return str(canonicalize_name(self.name))

    def excludes(self, module: str) -> bool:
        """Whether it leaves a module out on purpose, by its dotted name."""
        return any(fnmatch(module, pattern) or fnmatch(module, f"{pattern}.*") for pattern in self.exclude)


def read_project(root: Path) -> Project:
    """Read the project in a folder.

    Raises:
        PackError: if `pyproject.toml` does not exist, or if its settings are wrong.
    """
    document = read_pyproject(root)
    root = root.resolve()
    project = document.table("project")
    tool = document.table("tool.dagfloe")
    unknown = sorted(set(tool.keys()) - set(OPTIONS))
    if unknown:
        raise tool.error(f"[tool.dagfloe] has no key {unknown[0]!r}: its keys are {', '.join(OPTIONS)}")
    dynamic = sorted({"dependencies", "version"} & set(project.strings("dynamic")))
    if dynamic:
        raise project.error(f"[project] dynamic names {' and '.join(dynamic)}: write them into the file instead")
    target = tool.string("bundle")
    source_root, source_file = _find_module(root, target, tool)
    schema_version = read_schema_version(tool)
    native_dags = read_native_dags(tool, schema_version)
    return Project(
        root=root,
        name=_read_name(project),
        version=_read_version(project),
        requires_python=_read_requires_python(project),
        dependencies=tuple(_read_dependencies(project, needs_jinja=tool.flag("airflow-names"))),
        target=target,
        source_root=source_root,
        source_file=source_file,
        modules=_list_modules(source_root, target.partition(":")[0]),
        schema_version=schema_version,
        airflow_names=tool.flag("airflow-names"),
        native_dags=native_dags,
        makes_dags_at_parse=read_parse_setting(tool, native_dags),
        hidden_imports=tool.strings("hidden-imports"),
        data=tuple(_read_data(root, "data", entry, tool) for entry in tool.strings("data")),
        package_data=tool.strings("package-data"),
        metadata=tool.strings("metadata"),
        exclude=tool.strings("exclude"),
        collect=tool.strings("collect"),
        slim=_read_slim(tool),
        binaries=tuple(_read_data(root, "binaries", entry, tool) for entry in tool.strings("binaries")),
        hooks=_read_hooks(root, tool),
        cache_dir=_read_cache_dir(tool),
        host_target=read_host_target(tool),
        python=read_python(tool),
        sbom=tool.flag("sbom"),
    )


def is_project_name(name: str) -> bool:
    """Return whether a project, and so its bundle file, can have a name."""
    return _NAME.fullmatch(name) is not None


def _read_name(project: Table) -> str:
    name = project.string("name")
    if not is_project_name(name):
        raise project.error(
            f"[project] name {name!r} is not a valid project name: use letters, digits, hyphens and underscores"
        )
    return name


def _read_version(project: Table) -> str:
    version = project.string("version")
    try:
        return str(Version(version))
    except Exception:  # noqa: BLE001 - as in `_read_requires_python`
        raise project.error(f"[project] version {version!r} is not a version: write one such as 1.2.0") from None


def _read_requires_python(project: Table) -> SpecifierSet:
    specifier = project.value("requires-python", "")
    try:
        versions = SpecifierSet(specifier)
        versions.contains(__version__)  # fails for a number that Python cannot convert
        return versions  # noqa: TRY300 - short
    except Exception:  # noqa: BLE001 - `packaging` raises errors of other classes than its own, too
        raise project.error(
            f"[project] requires-python {specifier!r} is not a version range: write one such as >=3.10"
        ) from None


def _read_dependencies(project: Table, *, needs_jinja: bool) -> list[Requirement]:
    requirements = []
    for line in project.strings("dependencies"):
        try:
            requirement = Requirement(line)
            is_satisfied = requirement.specifier.contains(__version__, prereleases=True)
        except Exception as error:  # noqa: BLE001 - as in `_read_requires_python`
            raise project.error(f"[project] dependencies: {line!r} is not a requirement: {error}") from None
        if canonicalize_name(requirement.name) != "dagfloe":
            requirements.append(requirement)
        elif not is_satisfied:
            raise project.error(
                f"[project] dependencies requires {line}, and this is dagfloe {__version__}: install one that fits, "
                "or change the requirement"
            )
    if needs_jinja and not any(canonicalize_name(requirement.name) == "jinja2" for requirement in requirements):
        requirements.append(_JINJA)
    return requirements


def _read_cache_dir(tool: Table) -> str:
    folder = tool.value("cache-dir", "")
    if not isinstance(folder, str) or "\0" in folder or (folder and not PurePosixPath(folder).is_absolute()):
        raise tool.error(f"[tool.dagfloe] cache-dir is {folder!r}: write an absolute path")
    return folder


def _read_data(root: Path, key: str, entry: str, tool: Table) -> tuple[Path, str]:
    source, separator, folder = entry.rpartition(":")
    if not separator or not source or not folder:
        example = "queries/*.sql:queries" if key == "data" else "libs/libfast.so:."
        raise tool.error(f"[tool.dagfloe] {key}: {entry!r} is not path:folder, such as {example}")
    try:
        path = (root / source).resolve()
        is_missing = not path.exists() and not any(root.glob(source))
    except Exception as error:  # noqa: BLE001 - `glob` and `resolve` raise errors of several classes
        raise tool.error(f"[tool.dagfloe] {key}: {source!r} is not a path or a pattern: {error}") from None
    if is_missing:
        raise tool.error(f"[tool.dagfloe] {key}: there is no {source} in {root}")
    return path, folder


def _read_slim(tool: Table) -> bool | tuple[str, ...]:
    value = tool.value("slim", False)
    return value if isinstance(value, bool) else tool.strings("slim")


def _read_hooks(root: Path, tool: Table) -> Path | None:
    folder = tool.value("hooks", None)
    if folder is None:
        return None
    if not isinstance(folder, str) or not folder or "\0" in folder:
        raise tool.error(f"[tool.dagfloe] hooks is {folder!r}: write a folder with hooks for PyInstaller")
    path = (root / folder).resolve()
    if not any(path.glob("hook-*.py")):
        raise tool.error(f"[tool.dagfloe] hooks: {path} contains no hook-NAME.py")
    return path


def _find_module(root: Path, target: str, tool: Table) -> tuple[Path, Path]:
    """The folder that the target's module is imported from, and its file."""
    match = _TARGET.fullmatch(target)
    if not match:
        raise tool.error(f"[tool.dagfloe] bundle is {target!r}: write module:attribute, such as tasks:bundle")
    relative = Path(*match[1].split("."))
    for source_root in (root, root / "src"):
        for candidate in (relative.with_suffix(".py"), relative / "__init__.py"):
            if (source_root / candidate).is_file():
                return source_root, source_root / candidate
    raise tool.error(
        f"[tool.dagfloe] bundle names the module {match[1]}, and there is no {relative}.py in {root} or its folder src"
    )


def _list_modules(source_root: Path, module: str) -> tuple[str, ...]:
    """The modules of the target's top-level package, or the target alone if it is a single file."""
    top = source_root / module.partition(".")[0]
    if not top.is_dir():
        return (module,)
    names = set()
    for path in top.rglob("*.py"):
        parts = path.relative_to(source_root).with_suffix("").parts
        names.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return tuple(sorted(name for name in names if _is_importable(name)))


def _is_importable(name: str) -> bool:
    parts = name.split(".")
    return all(part.isidentifier() for part in parts) and parts[-1] != "__main__"
