"""`dagfloe stub`."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagfloe.cli.failure import tell_errors
from dagfloe.cli.show.terminal_text import safe
from dagfloe.cli.source import choose_dag, complete_ids, open_source
from dagfloe.errors import DagfloeError, UsageError
from dagfloe.stub.dag_file import render_stub

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_DIFFERS = 1


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the file here.")
@click.option(
    "--check",
    "checked",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write nothing; show how this file differs, and exit with 1 when it does.",
)
@click.option(
    "--dag", "dag_ids", metavar="ID", multiple=True, shell_complete=complete_ids, help="Only this Dag. Repeatable."
)
@click.option("--queue", metavar="NAME", help="The queue of all tasks.  [default: what the task declares, or dagfloe]")
@tell_errors
def stub(path: Path, output: Path | None, checked: Path | None, dag_ids: Sequence[str], queue: str | None) -> None:
    """Write the stub Dag file for Airflow: PATH is a bundle file, or a project's folder, by default this one.

    It holds what the bundle declares: schedules, retries, groups, edges. `--check` does not compare the comment on
    top, which names the build.

    \b
    dagfloe stub dist/linux-x86_64/sales --output dags/sales.py
    dagfloe stub sales/ --check dags/sales.py
    """
    if output and checked:
        raise UsageError("--output and --check exclude each other")
    with open_source(path) as (_, manifest):
        chosen = [choose_dag(manifest, each) for each in dag_ids] or None
        made = render_stub(manifest, chosen, queue=queue)
    if checked:
        _check(made, checked)
    elif output:
        output.write_text(made, "utf-8")
    else:
        click.echo(made, nl=False)


def _check(made: str, path: Path) -> None:
    try:
        found = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise DagfloeError(f"{path} is not written in UTF-8: {error.reason}") from error
    lines = difflib.unified_diff(_without_header(found), _without_header(made), str(path), "as it would be made")
    if difference := "".join(lines):
        click.echo(safe(difference), nl=False)
        sys.exit(EXIT_DIFFERS)


def _without_header(content: str) -> list[str]:
    """The lines below the comment on top."""
    lines = [line if line.endswith("\n") else f"{line}\n" for line in content.splitlines(keepends=True)]
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return lines
