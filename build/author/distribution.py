"""The metadata of the author's own project, as pip would write it when it installs the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.build.pyproject import read_pyproject

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.build.project import Project

#: The tables of [project] whose entries are entry points, and their groups.
_SCRIPTS = {"scripts": "console_scripts", "gui-scripts": "gui_scripts"}


def folder_name(project: Project) -> str:
    """The name of the folder with the project's metadata."""
    return f"{project.file_name.replace('-', '_')}-{project.version}.dist-info"


def read_entry_points(project: Project) -> dict[str, dict[str, str]]:
    """The project's entry points: `module:attribute` by group and name.

    Raises:
        PackError: if an entry of `pyproject.toml` has another type.
    """
    table = read_pyproject(project.root).table("project")
    declared = table.value("entry-points", {})
    groups = {group: table.value(key, {}) for key, group in _SCRIPTS.items()}
    if not isinstance(declared, dict):
        raise table.error("[project] entry-points must be a table of tables")
    groups.update(declared)
    for group, entries in groups.items():
        if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
            raise table.error(f"[project] the entry points of {group} must be a table of strings")
    return {group: entries for group, entries in sorted(groups.items()) if entries}


def list_entry_modules(project: Project) -> list[str]:
    """The modules that the project's entry points name.

    Raises:
        PackError: if an entry of `pyproject.toml` has another type.
    """
    groups = read_entry_points(project).values()
    return sorted({value.partition(":")[0].strip() for entries in groups for value in entries.values()})


def write_distribution(project: Project, folder: Path) -> Path:
    """Write the project's metadata, so that `importlib.metadata` finds its version and its entry points.

    Args:
        project: the project.
        folder: a folder on the module path.

    Returns:
        The new folder.

    Raises:
        PackError: if an entry of `pyproject.toml` has another type.
    """
    summary: Any = read_pyproject(project.root).table("project").value("description", "")
    lines = ["Metadata-Version: 2.1", f"Name: {project.name}", f"Version: {project.version}"]
    if isinstance(summary, str) and summary:
        lines.append(f"Summary: {' '.join(summary.split())}")
    if project.requires_python:
        lines.append(f"Requires-Python: {project.requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in project.dependencies]
    path = folder / folder_name(project)
    path.mkdir(parents=True, exist_ok=True)
    (path / "METADATA").write_text("\n".join([*lines, "", ""]), "utf-8")
    (path / "top_level.txt").write_text(f"{project.target.partition(':')[0].partition('.')[0]}\n", "utf-8")
    sections = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in sorted(entries.items())), ""])
        for group, entries in read_entry_points(project).items()
    ]
    if sections:
        (path / "entry_points.txt").write_text("\n".join(sections), "utf-8")
    return path
