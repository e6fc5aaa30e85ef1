"""`dagfloe stub`."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagfloe.cli.bundle_or_project import choose_dag, open_bundle
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.id_completion import complete_ids
from dagfloe.cli.pair_options import check_text, check_texts
from dagfloe.cli.show.terminal_text import escape_controls
from dagfloe.constants import EXIT_FAILURE
from dagfloe.errors import DagfloeError, UsageError
from dagfloe.format.regular_file import read_text, write_output
from dagfloe.stub.dag_file import render_stub

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of stdout."
)
@click.option(
    "--check",
    "checked",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write nothing. Show how this file differs; the exit status is 1 if it does.",
)
@click.option(
    "--dag",
    "dag_ids",
    metavar="ID",
    multiple=True,
    shell_complete=complete_ids,
    callback=check_texts,
    help="Only this Dag. Repeatable.",
)
@click.option(
    "--queue",
    metavar="NAME",
    show_default="what the task declares, or dagfloe",
    callback=check_text,
    help="The queue of all tasks.",
)
@exit_on_error
def stub(path: Path, output: Path | None, checked: Path | None, dag_ids: Sequence[str], queue: str | None) -> None:
    """Generate the stub Dag file for Airflow.

    PATH is a bundle file or a project folder, by default the current folder. The Dag file holds what the bundle
    declares: schedules, retries, groups and edges. --check ignores the comment at the top, which names the build.

    \b
    dagfloe stub dist/linux-x86_64/sales --output dags/sales.py
    dagfloe stub sales/ --check dags/sales.py
    """
    if output and checked:
        raise UsageError("--output cannot be used with --check")
    with open_bundle(path) as (_, manifest):
        selected = [choose_dag(manifest, dag_id) for dag_id in dag_ids] or None
        generated = render_stub(manifest, selected, queue=queue)
    if checked:
        _check_file(checked, generated)
    elif output:
        write_output(output, generated.encode())
    else:
        click.echo(generated, nl=False)


def _check_file(path: Path, generated: str) -> None:
    """Exit with status 1 and a diff if a Dag file differs from the generated one."""
    try:
        content = read_text(path)
    except UnicodeDecodeError as error:
        raise DagfloeError(f"{path} is not UTF-8: {error.reason}") from error
    lines = difflib.unified_diff(_without_header(content), _without_header(generated), str(path), "generated")
    if difference := "".join(lines):
        click.echo(escape_controls(difference), nl=False)
        raise click.exceptions.Exit(EXIT_FAILURE)


def _without_header(content: str) -> list[str]:
    """Return the lines below the comment at the top."""
    lines = [line if line.endswith("\n") else f"{line}\n" for line in content.splitlines(keepends=True)]
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return lines
