"""What the tool's commands work on: a bundle file of any SDK, or a project's folder, which is run as it is."""

from __future__ import annotations

import json
import os
import shlex
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from dagfloe.build.child_process import run_captured
from dagfloe.build.unfrozen_program import LaunchCommand, prepare_project
from dagfloe.cli.show.terminal_text import safe
from dagfloe.errors import DagfloeError, UsageError
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import ManifestError
from dagfloe.format.manifest import load_validator, validate_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_METADATA_TIMEOUT_S = 120.0


@contextmanager
def open_source(path: Path, *, quiet: bool = False) -> Iterator[tuple[LaunchCommand, dict[str, Any]]]:
    """The command that runs a bundle file or a project, and its manifest; of a project, that without the digests.

    Args:
        path: the bundle file, or the project's folder.
        quiet: whether to say nothing of what takes a while.

    Raises:
        DagfloeError: when it cannot be read, or its module cannot be imported.
    """
    if not path.is_dir():
        manifest = read_bundle(path).manifest
        validate_manifest(manifest)
        yield LaunchCommand((str(path.absolute()),), dict(os.environ)), manifest
        return

    def report(text: str) -> None:
        if not quiet:
            click.echo(f"{text} ...", err=True)

    with prepare_project(path, report) as launch:
        yield launch, _metadata(launch, path)


def choose_dag(manifest: Mapping[str, Any], dag_id: str | None) -> str:
    """The Dag that is meant: the one that is named, or the only one.

    Raises:
        UsageError: when there is none of that id, or none is named and there are several.
    """
    dags = manifest["dags"]
    if dag_id is None:
        if len(dags) != 1:
            raise UsageError(f"the bundle has {len(dags)} Dags, choose one with --dag: {', '.join(sorted(dags))}")
        return str(next(iter(dags)))
    if dag_id not in dags:
        raise UsageError(f"the bundle has no Dag {dag_id!r}, only {', '.join(sorted(dags)) or 'none'}")
    return dag_id


def complete_ids(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The dag_ids or task_ids that a shell may offer: of a bundle file; a project would have to be imported."""
    try:
        typed = _typed(ctx)
        dags = read_bundle(Path(typed["path"])).manifest["dags"]
        if "--dag" in parameter.opts:
            found = sorted(dags)
        else:
            found = [
                task_id
                for dag_id, entry in dags.items()
                if typed.get("dag_id") in (None, dag_id)
                for task_id in entry["tasks"]
            ]
    except (DagfloeError, OSError, LookupError, TypeError, ValueError):  # the shell just gets nothing
        return []
    return [each for each in found if isinstance(each, str) and each.startswith(incomplete)]


def _typed(ctx: click.Context) -> dict[str, Any]:
    """The parameters before the option that is typed; with that one, which lacks its value, click reads none."""
    words = shlex.split(os.environ["COMP_WORDS"])[2 : int(os.environ["COMP_CWORD"])]
    while words and words[-1].startswith("-"):
        words.pop()
    return ctx.command.make_context(ctx.info_name, words, resilient_parsing=True).params


def _metadata(launch: LaunchCommand, path: Path) -> dict[str, Any]:
    """What a project says about itself."""
    what = f"the metadata of {path}"
    Thread(target=load_validator).start()  # meanwhile: both take their time
    status, stdout, stderr = run_captured(
        what, [*launch.argv, "--bundle-metadata"], timeout_s=_METADATA_TIMEOUT_S, env=launch.env
    )
    if status:
        raise DagfloeError(f"{what} cannot be read:\n{safe(stderr).rstrip()}")
    try:
        manifest = json.loads(stdout)
    except ValueError as error:
        raise ManifestError(f"{what} is not JSON: does the module write to file descriptor 1?") from error
    validate_manifest(manifest)
    return dict(manifest)
