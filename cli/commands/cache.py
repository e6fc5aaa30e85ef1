"""`dagfloe cache`: the bundle files that are unpacked on this host, and what builds keep."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagfloe.build.build_cache import ANALYSIS, ENVIRONMENT, BuildCache
from dagfloe.build.cache_root import cache_root
from dagfloe.build.library_caches import LibraryCaches
from dagfloe.build.program_store import ProgramStore, warm
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import json_option, quiet_option
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dagfloe.build.build_cache import CachedItem
    from dagfloe.build.library_caches import LibraryCache
    from dagfloe.build.program_store import StoredProgram

_DAY_S = 24 * 3600
PROGRAM, LIBRARIES = "program", "libraries"
KINDS = (PROGRAM, LIBRARIES, ENVIRONMENT, ANALYSIS)
_folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    show_default="$DAGFLOE_CACHE_DIR, or your own cache",
    help="The cache folder.",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the cache.

    Attributes:
        kind: one of `KINDS`.
        bundle: the name of the bundle.
        id: its name in the cache.
        path: its folder.
        size: its size in bytes.
        used: the time of its last use, in seconds since 1970.
        is_used: whether a process uses it now.
    """

    kind: str
    bundle: str
    id: str
    path: Path
    size: int
    used: float
    is_used: bool


@click.group()
def cache() -> None:
    """List, warm and prune what this host keeps.

    A bundle file unpacks itself at its first start on a host. It also removes programs that were not started for 30
    days (DAGFLOE_CACHE_DAYS) and, if the cache is larger than 20 GiB (DAGFLOE_CACHE_MIB), the oldest ones.

    Libraries in bundle files keep what they have computed, such as compiled code or lists of fonts. `dagfloe build` and
    `dagfloe run` keep the environments of projects, and builds PyInstaller's analyses.
    """


@cache.command("list")
@_folder_option
@json_option
@exit_on_error
def list_(folder: Path | None, *, as_json: bool) -> None:
    """List the unpacked programs, the caches of their libraries, the environments and the analyses.

    The size of an environment is what its removal frees: uv's cache shares most of its files.

    \b
    dagfloe cache list
    dagfloe cache list --dir /opt/dagfloe --json
    """
    folder = folder or cache_root()
    entries = _list_entries(folder)
    if as_json:
        click.echo(json.dumps([_describe_entry(entry) for entry in entries], indent=2))
    elif entries:
        Console().print(_entry_table(entries), soft_wrap=True)
    else:
        click.echo(f"nothing in {to_one_line(str(folder))}")


@cache.command()
@_folder_option
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=0,
    metavar="DAYS",
    help="Keep what was used in the last DAYS days.",
)
@click.option(
    "--only", "kinds", type=click.Choice(KINDS), multiple=True, help="Remove only entries of this kind. Repeatable."
)
@click.option("--gone", is_flag=True, help="Remove only what belongs to projects or programs that do not exist now.")
@quiet_option
@exit_on_error
def prune(folder: Path | None, *, days: float, kinds: Sequence[str], gone: bool, quiet: bool) -> None:
    """Remove what no process uses.

    Bundle files unpack their programs again at the next start, libraries compute again what they had, and builds make
    environments again, with the same versions.

    \b
    dagfloe cache prune
    dagfloe cache prune --older-than 7 --only environment
    dagfloe cache prune --gone
    """
    folder = folder or cache_root()
    removed: list[Entry] = []
    if not kinds or LIBRARIES in kinds:  # before the programs that they belong to
        removed += map(_libraries_entry, LibraryCaches(folder).prune(days, gone=gone))
    if not gone and (not kinds or PROGRAM in kinds):
        removed += map(_program_entry, ProgramStore(folder).prune(days))
    if gone or not kinds or {ENVIRONMENT, ANALYSIS} & set(kinds):
        removed += map(_item_entry, BuildCache(folder).prune(days, gone=gone, kinds=kinds or KINDS))
    if quiet:
        return
    for entry in removed:
        click.echo(f"removed {_label(entry)}, {_megabytes(entry)} MB")
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


def _list_entries(folder: Path) -> list[Entry]:
    programs = map(_program_entry, ProgramStore(folder).programs())
    libraries = map(_libraries_entry, LibraryCaches(folder).items())
    return [*programs, *libraries, *map(_item_entry, BuildCache(folder).items())]


def _program_entry(program: StoredProgram) -> Entry:
    return Entry(PROGRAM, program.name, program.id, program.path, program.size, program.used, program.is_running)


def _libraries_entry(cache: LibraryCache) -> Entry:
    return Entry(LIBRARIES, cache.bundle, cache.id, cache.path, cache.size, cache.used, cache.is_used)


def _item_entry(item: CachedItem) -> Entry:
    return Entry(item.kind, item.bundle, item.id, item.path, item.size, item.used, item.in_use)


def _label(entry: Entry) -> str:
    kind = "" if entry.kind == PROGRAM else f"{entry.kind} "
    return f"{kind}{to_one_line(entry.bundle)} {to_one_line(entry.id[:12])}"


def _entry_table(entries: Sequence[Entry]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("kind", "bundle", "id", "MB", "last used", ""):
        table.add_column(column, justify="right" if column == "MB" else "left")
    for entry in entries:
        days = int((time.time() - entry.used) // _DAY_S)
        last_used = "today" if days < 1 else f"{days} day{'' if days == 1 else 's'} ago"
        state = ("running" if entry.kind == PROGRAM else "in use") if entry.is_used else ""
        name, entry_id = Text(to_one_line(entry.bundle)), Text(to_one_line(entry.id[:12]))
        table.add_row(entry.kind, name, entry_id, _megabytes(entry), last_used, state)
    return table


def _describe_entry(entry: Entry) -> dict[str, Any]:
    """Return what `--json` prints of an entry. Names stay as they are; new ones may be added."""
    return {
        "kind": entry.kind,
        "bundle": entry.bundle,
        "id": entry.id,
        "path": str(entry.path),
        "bytes": entry.size,
        "last_started": entry.used,
        "running": entry.is_used,
    }


def _megabytes(entry: Entry) -> str:
    return f"{entry.size / 1e6:.1f}"
