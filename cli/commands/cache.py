"""`dagfloe cache`: the bundle files that are unpacked on this host."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagfloe.build.cache_root import cache_root
from dagfloe.build.program_store import ProgramStore, warm
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import json_option, quiet_option
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dagfloe.build.program_store import StoredProgram

_DAY_S = 24 * 3600
_folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    show_default="$DAGFLOE_CACHE_DIR, or your own cache",
    help="The cache folder.",
)


@click.group()
def cache() -> None:
    """List, warm and prune the bundle files that are unpacked on this host.

    A bundle file unpacks itself at its first start on a host. It also removes programs that were not started for 30
    days (DAGFLOE_CACHE_DAYS) and, if the cache is larger than 20 GiB (DAGFLOE_CACHE_MIB), the oldest ones.
    """


@cache.command("list")
@_folder_option
@json_option
@exit_on_error
def list_(folder: Path | None, *, as_json: bool) -> None:
    """List the unpacked programs.

    \b
    dagfloe cache list
    dagfloe cache list --dir /opt/dagfloe --json
    """
    folder = folder or cache_root()
    programs = ProgramStore(folder).programs()
    if as_json:
        click.echo(json.dumps([_describe_program(program) for program in programs], indent=2))
    elif programs:
        Console().print(_program_table(programs), soft_wrap=True)
    else:
        click.echo(f"no programs in {to_one_line(str(folder))}")


@cache.command()
@_folder_option
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=0,
    metavar="DAYS",
    help="Keep programs that were started in the last DAYS days.",
)
@quiet_option
@exit_on_error
def prune(folder: Path | None, *, days: float, quiet: bool) -> None:
    """Remove programs that are not running. Their bundle files unpack them again at the next start.

    \b
    dagfloe cache prune
    dagfloe cache prune --older-than 7
    """
    removed = ProgramStore(folder or cache_root()).prune(days)
    if quiet:
        return
    for program in removed:
        click.echo(f"removed {to_one_line(program.name)} {to_one_line(program.id[:12])}, {_megabytes(program)} MB")
    if not removed:
        click.echo("nothing to remove")


@cache.command("warm")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_folder_option
@click.option("--shared", is_flag=True, help="Let all users read the cache, for example in an image. Needs --dir.")
@quiet_option
@exit_on_error
def warm_(files: tuple[Path, ...], folder: Path | None, *, shared: bool, quiet: bool) -> None:
    """Unpack bundle FILES now instead of at their first start.

    Use it when you build an image, for example. If you use --dir, set DAGFLOE_CACHE_DIR to the same folder when the
    files run.

    \b
    dagfloe cache warm /opt/airflow/bundles/weather
    dagfloe cache warm /opt/airflow/bundles/* --dir /opt/dagfloe --shared
    """
    if shared and folder is None:
        raise UsageError("--shared needs --dir, because only you can read your own cache")
    for file in files:
        program = warm(file, folder, shared=shared)
        if not quiet:
            click.echo(to_one_line(f"{file}: {program}"))


def _program_table(programs: Sequence[StoredProgram]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("bundle", "id", "MB", "last started", ""):
        table.add_column(column, justify="right" if column == "MB" else "left")
    for program in programs:
        days = int((time.time() - program.used) // _DAY_S)
        last_started = "today" if days < 1 else f"{days} day{'' if days == 1 else 's'} ago"
        running = "running" if program.is_running else ""
        name, entry = Text(to_one_line(program.name)), Text(to_one_line(program.id[:12]))
        table.add_row(name, entry, _megabytes(program), last_started, running)
    return table


def _describe_program(program: StoredProgram) -> dict[str, Any]:
    """Return what `--json` prints of a program. Names stay as they are; new ones may be added."""
    return {
        "bundle": program.name,
        "id": program.id,
        "path": str(program.path),
        "bytes": program.size,
        "last_started": program.used,
        "running": program.is_running,
    }


def _megabytes(program: StoredProgram) -> str:
    return f"{program.size / 1e6:.1f}"
