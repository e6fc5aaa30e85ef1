"""`dagfloe run`."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from dagfloe.build.bundle_file import read_bundle
from dagfloe.build.errors import ManifestError
from dagfloe.build.launch import LaunchCommand, prepare_project
from dagfloe.build.manifest import validate_manifest
from dagfloe.build.process import ask
from dagfloe.cli.errors import tell_errors
from dagfloe.cli.text import safe
from dagfloe.cli.view import LiveView, PlainView, print_summary
from dagfloe.connection import Connection
from dagfloe.errors import DagfloeError, UsageError
from dagfloe.local.dag import run_dag
from dagfloe.local.stop import Stop
from dagfloe.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagfloe.local.dag import DagResult

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130
_METADATA_TIMEOUT_S = 120.0


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dag", "dag_id", metavar="ID", help="The Dag, where the bundle has several.")
@click.option("--task", "task_id", metavar="ID", help="Run this task only.")
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="An Airflow variable. Repeatable.")
@click.option("--conn", "connections", multiple=True, metavar="ID=URI", help="An Airflow connection. Repeatable.")
@click.option("-q", "--quiet", is_flag=True, help="Print the summary only.")
@tell_errors
def run(
    path: Path,
    dag_id: str | None,
    task_id: str | None,
    variables: Sequence[str],
    connections: Sequence[str],
    *,
    quiet: bool,
) -> None:
    """Run a Dag without an Airflow: PATH is a bundle file, or a project's folder.

    The tasks run one after the other, in the order in which they were registered, as Airflow would run them.

    \b
    dagfloe run bundles/weather
    dagfloe run dist/linux-x86_64/weather --var limit=10 --conn db=postgres://user:pass@host/db
    """
    store = _store(variables, connections)
    try:
        with _prepare(path, quiet=quiet) as (launch, manifest):
            chosen, task_ids = _choose(manifest, dag_id, task_id)
            view = _view(task_ids, quiet=quiet)
            with Stop() as stop, _stopped_by_signals(stop), view:
                result = run_dag(launch.argv, chosen, task_ids, store, view, env=launch.env, stop=stop)
                interrupted = stop.is_set
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    print_summary(result, store)
    sys.exit(_status(result, interrupted=interrupted))


def _status(result: DagResult, *, interrupted: bool) -> int:
    if interrupted:
        return EXIT_INTERRUPTED
    return 0 if result.is_good else EXIT_FAILED


def _store(variables: Sequence[str], connections: Sequence[str]) -> Store:
    store = Store()
    for text in variables:
        key, value = _pair(text, "--var", "KEY=VALUE")
        store.set_variable(key, value)
    for text in connections:
        conn_id, uri = _pair(text, "--conn", "ID=URI")
        try:
            store.add_connection(Connection.from_uri(conn_id, uri))
        except DagfloeError as error:
            raise UsageError(f"--conn: {error}") from error
    return store


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise UsageError(f"{option} takes {form}: the name or the equals sign is missing")  # the text may be secret
    return name, value


@contextmanager
def _prepare(path: Path, *, quiet: bool) -> Iterator[tuple[LaunchCommand, dict[str, Any]]]:
    """The command that runs a bundle file or a project, and the manifest."""
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


def _metadata(launch: LaunchCommand, path: Path) -> dict[str, Any]:
    """What a project says about itself."""
    what = f"the metadata of {path}"
    status, stdout, stderr = ask(
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


def _choose(manifest: dict[str, Any], dag_id: str | None, task_id: str | None) -> tuple[str, list[str]]:
    """The Dag and the tasks to run."""
    dags = manifest["dags"]
    if dag_id is None:
        if len(dags) != 1:
            raise UsageError(f"the bundle has {len(dags)} Dags, choose one with --dag: {', '.join(sorted(dags))}")
        dag_id = next(iter(dags))
    if dag_id not in dags:
        raise UsageError(f"the bundle has no Dag {dag_id!r}, only {', '.join(sorted(dags)) or 'none'}")
    task_ids = list(dags[dag_id]["tasks"])
    if task_id is None:
        return dag_id, task_ids
    if task_id not in task_ids:
        raise UsageError(f"the Dag {dag_id!r} has no task {task_id!r}, only {', '.join(task_ids) or 'none'}")
    return dag_id, [task_id]


def _view(task_ids: Sequence[str], *, quiet: bool) -> LiveView | PlainView:
    console = Console()
    return LiveView(console, task_ids) if console.is_terminal and not quiet else PlainView(quiet=quiet)


@contextmanager
def _stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the running task in an orderly way."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
