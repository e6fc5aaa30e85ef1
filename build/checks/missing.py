"""Finds what a project uses and its frozen program lacks, and the settings that add it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagfloe.build.checks.contents import Contents
    from dagfloe.build.project import Project

#: Modules that only an environment has.
_ENVIRONMENT_MODULES = re.compile(
    r"__editable__.*|_distutils_hack(\..*)?|_virtualenv|sitecustomize|usercustomize|dagfloe(_.*|\..*)?"
)
#: Distributions that only a build needs. A program that lists all entry points reads theirs, too.
_BUILD_TOOLS = frozenset(
    {"altgraph", "packaging", "pip", "pyinstaller", "pyinstaller-hooks-contrib", "setuptools", "wheel"}
)
_METADATA_FILE = re.compile(r"([^/]+?)(?:-[^/-]*(?:-py[\d.]+)?)?\.(?:dist|egg)-info(?:/([^/]+))?")
_CODE = re.compile(r".*\.(pyc?|pyi|pth|so(\.[\d.]+)?)")
_LIBRARY = re.compile(r"(\S+\.so[\d.]*): cannot open shared object file")


@dataclass(slots=True)
class Missing:
    """What a frozen program lacks.

    Attributes:
        modules: modules, for `hidden-imports`.
        distributions: distributions whose metadata it lacks, for `metadata`.
        packages: packages whose data files it lacks, for `package-data`.
        whole: packages of which it lacks libraries or sources, for `collect`.
        data: files of the project, for `data`.
        remarks: what no setting cures.
    """

    modules: set[str] = field(default_factory=set)
    distributions: set[str] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)
    remarks: set[str] = field(default_factory=set)

    def settings(self, project: Project) -> Iterator[str]:
        """The lines for `[tool.dagfloe]`, with what the project has there already.

        Args:
            project: the project.
        """
        lists = (
            ("hidden-imports", project.hidden_imports, self.modules),
            ("metadata", project.metadata, self.distributions),
            ("package-data", project.package_data, self.packages),
            ("collect", project.collect, self.whole),
            ("data", (_data_entry(project, entry) for entry in project.data), self.data),
        )
        for key, present, added in lists:
            if added:
                yield f"{key} = [{', '.join(_quote(entry) for entry in sorted({*present, *added}))}]"

    def add_file(self, path: str, loaded: Iterable[str]) -> None:
        """Add a file of a dependency.

        Args:
            path: its path in the folder of the dependencies.
            loaded: the modules that the project loads.
        """
        folders = PurePosixPath(path).parent.parts
        names = [".".join(folders[:end]) for end in range(1, len(folders) + 1)]
        package = next((name for name in names if name in {*loaded}), names[0] if names else "")
        if match := _METADATA_FILE.match(path):
            self.distributions.add(canonicalize_name(match[1]))
        elif _CODE.fullmatch(path) or not package.replace(".", "").isidentifier():
            self.whole.add(package or PurePosixPath(path).stem)
        else:
            self.packages.add(package)


def find_missing(report: Mapping[str, Any], contents: Contents, project: Project) -> Missing:
    """Find what a project uses and its frozen program lacks.

    Args:
        report: the report of the project's self-check without freezing.
        contents: what the program holds.
        project: the project.
    """
    missing = Missing()
    loaded = {name for name in report["loaded"] if not _ENVIRONMENT_MODULES.fullmatch(name)}
    missing.modules = {name for name in loaded - contents.modules if not project.excludes(name)}
    for path, relative, is_relative in report["read"]:
        if Path(path).is_relative_to(project.root) and not _is_dependency(path):
            _add_own_file(missing, Path(path), project, contents, is_relative=is_relative)
        elif _is_dependency(path) and relative not in contents.files and Path(path).is_file():
            match = _METADATA_FILE.match(relative)
            if match and (match[2] not in ("METADATA", None) and canonicalize_name(match[1]) in _BUILD_TOOLS):
                continue
            if match or not _CODE.fullmatch(relative):
                missing.add_file(relative, loaded)
    for library in report["libraries"]:
        relative = library.partition("/site-packages/")[2]
        if relative and relative not in contents.files:
            missing.add_file(relative, loaded)
    return missing


def describe_missing(missing: Missing, project: Project) -> list[str]:
    """Describe what a frozen program lacks, with the settings that add it.

    Args:
        missing: what it lacks.
        project: the project.
    """
    lines = [*missing.settings(project)]
    introduction = f"the project uses what PyInstaller did not see: in [tool.dagfloe] of {project.pyproject} write"
    return [*(["\n    ".join([introduction, *lines])] if lines else []), *sorted(missing.remarks)]


def add_causes(
    missing: Missing,
    problems: Iterable[Mapping[str, Any]],
    program: Mapping[str, Any],
    loaded: Iterable[str],
    contents: Contents,
    project: Project,
) -> None:
    """Add what the exceptions of a frozen program name.

    Args:
        missing: what is known to be missing.
        problems: the problems of its imports.
        program: the report of its self-check.
        loaded: the modules that the project loads.
        contents: what the program holds.
        project: the project.
    """
    folder = program.get("folder") or ""
    for problem in problems:
        for cause in (problem, *problem.get("causes", ())):
            if cause.get("distribution"):
                missing.distributions.add(canonicalize_name(re.split(r"[^\w.-]", cause["distribution"])[0]))
            file = cause.get("file") or ""
            if library := _LIBRARY.search(cause.get("message", "")):
                file = library[1]
            if folder and file.startswith(f"{folder}/"):
                relative = file[len(folder) + 1 :]
                if (project.source_root / relative).exists():
                    _add_own_file(missing, project.source_root / relative, project, contents, is_relative=False)
                else:
                    missing.add_file(relative, loaded)


def _is_dependency(path: str) -> bool:
    return "/site-packages/" in path


def _add_own_file(missing: Missing, path: Path, project: Project, contents: Contents, *, is_relative: bool) -> None:
    """Add a file or folder of the project that its modules read."""
    name = path.relative_to(project.root).as_posix()
    if path == project.root:
        return
    if is_relative:
        missing.remarks.add(
            f"{name} is read relative to the current folder, which is another one on a worker: write "
            f"Path(__file__).parent / {name!r}, or the like"
        )
    elif not path.is_relative_to(project.source_root):
        folder = project.source_file.parent.relative_to(project.root)
        missing.remarks.add(f"{name} is read, and it lies outside of your modules' folder: move it below {folder}")
    else:
        relative = path.relative_to(project.source_root)
        is_code = path.is_dir() and (path == project.source_root or any(path.glob("*.py")))
        if not is_code and "__pycache__" not in relative.parts and not contents.has(relative.as_posix()):
            folder = relative if path.is_dir() else relative.parent
            missing.data.add(f"{name}:{folder.as_posix()}")


def _data_entry(project: Project, entry: tuple[Path, str]) -> str:
    path, folder = entry
    name = path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else str(path)
    return f"{name}:{folder}"


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
