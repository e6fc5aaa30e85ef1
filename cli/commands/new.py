"""`dagfloe new`."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagfloe import __version__
from dagfloe.cli.failure import tell_errors
from dagfloe.errors import DagfloeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The files of a project, and the templates of them.
_FILES = {
    "pyproject.toml": "pyproject.toml.in",
    "tasks.py": "tasks.py.in",
    "tests/test_tasks.py": "tests/test_tasks.py.in",
    "seed.toml": "seed.toml.in",
    "README.md": "README.md.in",
    ".gitignore": "gitignore.in",
}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_MAX_NAME = 100
#: Names of which the project would be taken for another package.
_TAKEN = ("airflow", "apache-airflow", "dagfloe", "pytest", "ruff", "setuptools")


@click.command()
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
@tell_errors
def new(folder: Path, *, quiet: bool) -> None:
    """Start a project in a new folder NAME: three tasks, a test of them, and all that a build needs.

    \b
    dagfloe new sales
    dagfloe new bundles/sales
    """
    name = folder.resolve().name
    _check_name(name)
    date = datetime.now(timezone.utc)
    values = {
        "name": name,
        "file_name": re.sub(r"[-_.]+", "-", name).lower(),
        "version": __version__,
        "year": date.year,
        "month": date.month,
        "day": date.day,
    }
    templates = files("dagfloe.cli") / "templates"
    with _new_folder(folder) as root:
        for path, template in _FILES.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text((templates / template).read_text("utf-8").format(**values), "utf-8")
    if quiet:
        return
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    click.echo(f"{click.style('Created', fg='green')} {folder}: a project with three tasks, and a test. Next:\n")
    for step in (*steps, "dagfloe run . --seed seed.toml", "dagfloe build"):
        click.echo(f"  {step}")


def _check_name(name: str) -> None:
    """Refuse what is no name of a project."""
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        raise UsageError(
            f"{name!r} is no name for a project: use letters, digits, hyphens and underscores, such as sales-report"
        )
    if re.sub(r"[-_.]+", "-", name).lower() in _TAKEN:
        raise UsageError(f"{name!r} is the name of a package that the project uses: choose another one")


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder to write a project into, new or empty; unless the block ends well, nothing is left of it."""
    was_there = folder.is_dir()
    if folder.exists() and not was_there:
        raise DagfloeError(f"{folder} is there already, and is no folder: choose another name")
    if was_there and any(folder.iterdir()):
        raise DagfloeError(f"{folder} is there already, and not empty: choose another name, or empty it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    except BaseException:
        for path in map(folder.joinpath, _FILES):
            path.unlink(missing_ok=True)
        for path in (folder / "tests", *(() if was_there else (folder,))):
            if path.is_dir():
                path.rmdir()
        raise
