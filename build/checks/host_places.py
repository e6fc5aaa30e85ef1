"""Warns of what works on the machine of the build and may not on a worker: paths, libraries, modules elsewhere."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.build.author.host_places import HostPlace, list_host_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagfloe.build.author.modules import AuthorModule
    from dagfloe.build.checks.contents import Contents
    from dagfloe.build.project import Project

#: Libraries of the C library and of compilers, which every host has.
_EVERYWHERE = re.compile(r"(lib)?(c|m|dl|rt|pthread|util|resolv|crypt|stdc\+\+|gcc_s)(\.so[.\d]*)?|ld-linux.*")


def list_warnings(
    project: Project, modules: Iterable[AuthorModule], frozen: Mapping[str, Any], contents: Contents
) -> list[str]:
    """What to warn of.

    Args:
        project: the project.
        modules: the author's modules.
        frozen: the report of the frozen program's self-check.
        contents: what the program holds.
    """
    warnings = {
        f"{module.path.relative_to(project.source_root)}:{place.line} {problem}"
        for module in modules
        if module.tree is not None
        for place in list_host_places(module.tree)
        if (problem := _judge(place, project, contents))
    }
    folder = Path(frozen.get("folder") or "/")
    for name, path in frozen["origins"].items():
        # PyInstaller's own first modules have files that do not exist.
        if Path(path).is_absolute() and not Path(path).is_relative_to(folder) and Path(path).is_file():
            warnings.add(
                f"the module {name} comes from {path}, which is not in the file: a worker needs it there, too. To have "
                "it in the file, move it beside your modules, or add its distribution to [project] dependencies"
            )
    return sorted(warnings)


def _judge(place: HostPlace, project: Project, contents: Contents) -> str:
    """What is wrong with a place; empty if nothing is."""
    if place.kind in ("library", "lookup"):
        if _EVERYWHERE.fullmatch(place.name) or place.name in contents.files:
            return ""
        return _advise_on_library(place, project)
    path = project.root / place.name
    try:
        if not path.exists() or path == project.root or not path.is_relative_to(project.root):
            return ""
    except (OSError, ValueError):  # the string is not a path
        return ""
    if place.kind == "path":
        return f"names {path}, which only this machine has: {_advise_on_path(path, project)}"
    if path.is_dir():
        return ""
    return (
        f"reads {place.name} in the current folder, which is another one on a worker: {_advise_on_path(path, project)}"
    )


def _advise_on_path(path: Path, project: Project) -> str:
    folder = project.source_file.parent
    if path.is_relative_to(folder):
        name = path.relative_to(folder).as_posix()
        return f"in {project.source_file.name}, this is Path(__file__).parent / {name!r}"
    below = folder.relative_to(project.root).as_posix()
    return f"move it below {below}, and write Path(__file__).parent / {path.name!r}"


def _advise_on_library(place: HostPlace, project: Project) -> str:
    if place.kind == "lookup":
        return (
            f"looks for the library {place.name} on its host, also in the file, and gets None where the host has none: "
            f"""add the library with `binaries`, and load it by its file name, as in CDLL("lib{place.name}.so")"""
        )
    folders = [Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if folder]
    found = next(_find(place.name, project.root, folders), None)
    if found is None:
        return f"loads {place.name}, which is not in the file: a worker must have it"
    source = found.relative_to(project.root).as_posix() if found.is_relative_to(project.root) else str(found)
    return f'loads {place.name}, which is not in the file. Add to [tool.dagfloe]\n    binaries = ["{source}:."]'


def _find(name: str, root: Path, folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if (folder / name).is_file():
            yield (folder / name).absolute()
    for parent, subfolders, names in os.walk(root):
        subfolders[:] = sorted(sub for sub in subfolders if not sub.startswith(".") and sub.isidentifier())
        if name in names:
            yield Path(parent, name)
