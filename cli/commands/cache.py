"""`dagfloe cache`: what bundle files have unpacked on this host."""

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
from dagfloe.cli.failure import tell_errors
from dagfloe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dagfloe.build.program_store import StoredProgram

_DAY_S = 24 * 3600


def _cache_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--dir",
        "folder",
        type=click.Path(path_type=Path),
        help="The cache folder.  [default: $DAGFLOE_CACHE_DIR, or the user's cache]",
    )(function)


def _quiet_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("-q", "--quiet", is_flag=True, help="Print errors only.")(function)


@click.group()
def cache() -> None:
    """Show and manage what bundle files have unpacked on this host.

    A bundle file unpacks itself at its first start on a host, and removes by itself what was not started for 30 days
    (DAGFLOE_CACHE_DAYS), or the oldest where there is more than 20 GiB (DAGFLOE_CACHE_MIB).
    """


@cache.command("list")
@_cache_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@tell_errors
def list_(folder: Path | None, *, as_json: bool) -> None:
    """List the unpacked programs.

    \b
    dagfloe cache list
    dagfloe cache list --dir /opt/dagfloe --json
    """
    place = folder or cache_root()
    programs = ProgramStore(place).programs()
    if as_json:
        click.echo(json.dumps([_described(program) for program in programs], indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("bundle", "id", "MB", "last started", ""):
        table.add_column(column, justify="right" if column == "MB" else "left")
    for program in programs:
        days = int((time.time() - program.used) // _DAY_S)
        when = "today" if days < 1 else f"{days} days ago"
        running = "running" if program.is_running else ""
        table.add_row(Text(program.name), program.id[:12], f"{program.size / 1e6:.1f}", when, running)
    Console().print(table if programs else f"nothing is unpacked in {place}", soft_wrap=True)


@cache.command()
@_cache_option
@click.option(
    "--older-than", "days", type=click.FloatRange(min=0), default=0, metavar="DAYS", help="Keep younger ones."
)
@_quiet_option
@tell_errors
def prune(folder: Path | None, *, days: float, quiet: bool) -> None:
    """Remove programs that nobody runs; the next start of their bundle files unpacks them again.

    \b
    dagfloe cache prune
    dagfloe cache prune --older-than 7
    """
    removed = ProgramStore(folder or cache_root()).prune(days)
    if quiet:
        return
    for program in removed:
        click.echo(f"removed {program.name} {program.id[:12]}, {program.size / 1e6:.1f} MB")
    if not removed:
        click.echo("nothing to remove")


@cache.command("warm")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_cache_option
@click.option("--shared", is_flag=True, help="Let all users read it: for images. Needs --dir.")
@_quiet_option
@tell_errors
def warm_(files: tuple[Path, ...], folder: Path | None, *, shared: bool, quiet: bool) -> None:
    """Unpack bundle FILES now instead of at their first start, such as while an image is built.

    \b
    dagfloe cache warm /opt/airflow/bundles/weather
    dagfloe cache warm /opt/airflow/bundles/* --dir /opt/dagfloe --shared   # and DAGFLOE_CACHE_DIR=/opt/dagfloe later
    """
    if shared and folder is None:
        raise UsageError("--shared needs --dir: a user's own cache is the user's own")
    for file in files:
        place = warm(file, folder, shared=shared)
        if not quiet:
            click.echo(f"{file}: {place}")


def _described(program: StoredProgram) -> dict[str, Any]:
    return {
        "bundle": program.name,
        "id": program.id,
        "path": str(program.path),
        "bytes": program.size,
        "last_started": program.used,
        "running": program.is_running,
    }
