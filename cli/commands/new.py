"""`dagfloe new`."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click
from packaging.utils import canonicalize_name

from dagfloe import __version__
from dagfloe.build.project import is_project_name
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import quiet_option
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.errors import DagfloeError, UsageError
from dagfloe.runtime.config import SCHEMA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The files of a project, and their templates.
_FILES = {
    "pyproject.toml": "pyproject.toml.in",
    "tasks.py": "tasks.py.in",
    "tests/test_tasks.py": "tests/test_tasks.py.in",
    "seed.toml": "seed.toml.in",
    "README.md": "README.md.in",
    ".gitignore": "gitignore.in",
}
_MAX_NAME = 100
#: The lines for an Airflow that reads Dags from bundle files.
_NATIVE = """\
airflow = "3.4"  # the oldest Airflow that runs the bundle file
native-dags = true  # Airflow gets the Dag from the bundle file
"""
#: Packages that the project uses. With the same name, pip would take the project for the package.
_RESERVED_NAMES = ("airflow", "apache-airflow", "dagfloe", "pytest", "ruff", "setuptools")


@click.command()
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
@click.option(
    "--airflow",
    "release",
    type=click.Choice([*SCHEMA_VERSIONS]),
    default="3.3",
    show_default=True,
    help="The oldest release of Airflow that is to run the bundle file. From 3.4 on, the Dag needs no Dag file.",
)
@quiet_option
@exit_on_error
def new(folder: Path, release: str, *, quiet: bool) -> None:
    """Create a project in the new folder NAME.

    It is complete: three tasks, their tests and everything that a build needs.

    \b
    dagfloe new sales
    dagfloe new sales --airflow 3.4    # Airflow gets the Dag from the bundle file
    """
    name = Path(os.path.abspath(folder)).name  # noqa: PTH100 - `resolve` fails for a link to itself
    today = datetime.now(timezone.utc)
    values = {
        "name": name,
        "file_name": _file_name(name),
        "version": __version__,
        "native": _NATIVE if release >= "3.4" else "",
        "year": today.year,
        "month": today.month,
        "day": today.day,
    }
    templates = files("dagfloe.cli") / "templates"
    with _project_folder(folder) as root:
        for path, template in _FILES.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text((templates / template).read_text("utf-8").format(**values), "utf-8")
    if quiet:
        return
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    label = f"{click.style('Created', fg='green')} {to_one_line(str(folder))}"
    click.echo(f"{label}, a project with three tasks and their tests. Next:\n")
    for step in (*steps, "dagfloe run . --seed seed.toml", "dagfloe build"):
        click.echo(f"  {to_one_line(step)}")


def _file_name(name: str) -> str:
    """Return the name of the project's bundle file, which is the normalized name of the project.

    Raises:
        UsageError: if the project cannot have this name.
    """
    if not is_project_name(name) or len(name) > _MAX_NAME:
        raise UsageError(
            f"{name!r} is not a valid project name. Use letters, digits, hyphens and underscores, such as sales-report"
        )
    normalized = canonicalize_name(name)
    if normalized in _RESERVED_NAMES:
        raise UsageError(f"{name!r} is the name of a package that the project uses. Choose another name")
    return normalized


@contextmanager
def _project_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder for a new project, which must not exist or be empty. If the block fails, remove the project."""
    exists = folder.is_dir()
    if folder.exists() and not exists:
        raise DagfloeError(f"{folder} exists and is not a folder. Choose another name")
    if exists and any(folder.iterdir()):
        raise DagfloeError(f"{folder} exists and is not empty. Choose another name, or empty the folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    except BaseException:
        for path in map(folder.joinpath, _FILES):
            path.unlink(missing_ok=True)
        for path in (folder / "tests", *(() if exists else (folder,))):
            if path.is_dir():
                path.rmdir()
        raise
