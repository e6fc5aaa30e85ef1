"""What the argument PATH of a command names: a bundle file of any SDK, or a project folder, which runs unfrozen."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from dagfloe.build.child_process import run_captured
from dagfloe.build.unfrozen_program import LaunchCommand, prepare_project
from dagfloe.cli.show.terminal_text import escape_controls
from dagfloe.errors import DagfloeError, UsageError
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import ManifestError
from dagfloe.format.manifest import load_validator, validate_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_METADATA_TIMEOUT_S = 120.0
#: How many dag_ids a message lists.
_MAX_IDS = 20


@contextmanager
def open_bundle(
    path: Path, *, quiet: bool = False, python: str = "", upgrade: bool = False
) -> Iterator[tuple[LaunchCommand, dict[str, Any]]]:
    """Yield the command that runs a bundle file or a project, and its manifest.

    The manifest of a project has no digests.

    Args:
        path: the bundle file, or the project's folder.
        quiet: whether to leave out progress lines.
        python: the version or the path of the Python that runs a project; by default the project's choice.
        upgrade: whether to look for newer versions of a project's dependencies.

    Raises:
        DagfloeError: if the file or the project cannot be read, or the project's module cannot be imported.
        UsageError: if a Python is named for a bundle file.
    """
    if not path.is_dir():
        if python or upgrade:
            raise UsageError(
                f"{path} is a bundle file, which has its own Python and dependencies: "
                "--python and --upgrade are for project folders"
            )
        manifest = read_bundle(path).manifest
        validate_manifest(manifest)
        yield LaunchCommand((str(path.absolute()),), dict(os.environ)), manifest
        return

    def report(step: str) -> None:
        if not quiet:
            click.echo(f"{step} ...", err=True)

    with prepare_project(path, report, python=python, upgrade=upgrade) as launch:
        yield launch, _read_metadata(launch, path)


def choose_dag(manifest: Mapping[str, Any], dag_id: str | None) -> str:
    """Return the dag_id that the user named, or else that of the bundle's only Dag.

    Raises:
        UsageError: if the bundle has no such Dag, or the user named none and it has several.
    """
    dag_ids = sorted(manifest["dags"])
    if dag_id is None:
        if len(dag_ids) != 1:
            raise UsageError(f"the bundle has {len(dag_ids)} Dags; choose one with --dag: {_list_ids(dag_ids)}")
        return str(dag_ids[0])
    if dag_id not in dag_ids:
        raise UsageError(f"the bundle has no Dag {dag_id!r}; it has {_list_ids(dag_ids)}")
    return dag_id


def _list_ids(dag_ids: Sequence[str]) -> str:
    more = len(dag_ids) - _MAX_IDS
    return ", ".join(dag_ids[:_MAX_IDS]) + (f" and {more} more" if more > 0 else "")


def _read_metadata(launch: LaunchCommand, path: Path) -> dict[str, Any]:
    """Ask a project for its metadata, and check it."""
    Thread(target=load_validator).start()  # meanwhile, because both are slow
    status, stdout, stderr = run_captured(
        f"the metadata of {path}", [*launch.argv, "--bundle-metadata"], timeout_s=_METADATA_TIMEOUT_S, env=launch.env
    )
    if status:
        raise DagfloeError(f"cannot read the metadata of {path}:\n{escape_controls(stderr).rstrip()}")
    try:
        manifest = json.loads(stdout)
    except (ValueError, RecursionError) as error:
        raise ManifestError(
            f"the metadata of {path} is not JSON. Does the project's module write to file descriptor 1?"
        ) from error
    validate_manifest(manifest)
    return dict(manifest)
