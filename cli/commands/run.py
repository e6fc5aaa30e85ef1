"""`dagfloe run`."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.failure import tell_errors
from dagfloe.cli.show.answers import SeededAnswers, ask_at_terminal
from dagfloe.cli.show.run_summary import print_summary
from dagfloe.cli.show.run_view import LiveView, PlainView
from dagfloe.cli.source import choose_dag, complete_ids, open_source
from dagfloe.errors import DagfloeError, UsageError
from dagfloe.local.report.run_data import collect_run_data
from dagfloe.local.schedule.dag_run_options import DagRunOptions
from dagfloe.local.schedule.dag_runner import run_dag
from dagfloe.local.schedule.manifest_graph import Graph
from dagfloe.local.schema_version import served_schema_version
from dagfloe.local.seed.environment_variables import fill_from_environment
from dagfloe.local.seed.seed_file import Seed, read_seed
from dagfloe.local.store.declare import introduce
from dagfloe.local.store.store import Store
from dagfloe.local.supervise.stop import Stop
from dagfloe.model.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagfloe.local.schedule.dag_result import DagResult
    from dagfloe.local.schedule.outcomes import HumanOutcome
    from dagfloe.local.store.database import Database

_STATUS = {"success": 0, "failed": 1, "interrupted": 130}


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option(
    "--dag", "dag_id", metavar="ID", shell_complete=complete_ids, help="The Dag, where the bundle has several."
)
@click.option(
    "--task",
    "task_ids",
    multiple=True,
    metavar="ID",
    shell_complete=complete_ids,
    help="Run this task only. Repeatable; what the others push comes from the seed file or the database.",
)
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Tasks at a time. [default: one a processor]")
@click.option(
    "--seed",
    "seed_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file with variables, connections, XComs, assets, params and outcomes of triggers.",
)
@click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="An Airflow variable. Repeatable.")
@click.option("--conn", "connections", multiple=True, metavar="ID=URI", help="An Airflow connection. Repeatable.")
@click.option(
    "--param", "params", multiple=True, metavar="KEY=VALUE", help="A param of the run; JSON or text. Repeatable."
)
@click.option("--from-airflow", is_flag=True, help="Take AIRFLOW_VAR_* and AIRFLOW_CONN_* from the environment.")
@click.option(
    "--db",
    "database",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file that keeps variables, XComs, states and runs from one run to the next.",
)
@click.option("--run-id", metavar="ID", help="The Dag run's id. [default: one made from the time]")
@click.option(
    "--max-wait",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="Shorten waits for a retry, a reschedule or a moment to this.",
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTML page about the run.")
@click.option("-q", "--quiet", is_flag=True, help="Print the summary only.")
@tell_errors
def run(
    path: Path,
    dag_id: str | None,
    task_ids: Sequence[str],
    jobs: int | None,
    seed_path: Path | None,
    variables: Sequence[str],
    connections: Sequence[str],
    params: Sequence[str],
    database: Path | None,
    run_id: str | None,
    max_wait: float | None,
    report: Path | None,
    *,
    from_airflow: bool,
    quiet: bool,
) -> None:
    """Run a Dag without an Airflow: PATH is a bundle file of any SDK, or a project's folder, by default this one.

    Tasks run as the bundle declares it: in order, several at a time, mapped, branched, retried. A bundle that declares
    nothing, as those of other SDKs, runs its tasks one after the other. The exit status is 0 when the Dag run succeeds,
    as Airflow judges it.

    \b
    dagfloe run
    dagfloe run --seed seed.toml --report run.html
    dagfloe run --task load --seed seed.toml --max-wait 1
    dagfloe run dist/linux-x86_64/weather --var limit=10 --conn db=postgres://user:pass@host/db
    """
    given, chosen = _given(variables, connections), _params(params)
    seed = Seed() if seed_path is None else read_seed(seed_path)
    run_id = run_id or f"manual__{datetime.now(tz=timezone.utc).isoformat()}"
    with ExitStack() as stack:
        kept = None if database is None else stack.enter_context(_open_database(database))
        launch, manifest = stack.enter_context(open_source(path, quiet=quiet))
        graph = _graph(manifest, dag_id, task_ids)
        store = Store()
        introduce(manifest, store)
        if kept is not None:
            kept.load(store)
        if from_airflow:
            fill_from_environment(store, os.environ)
        seed.fill(store, dag_id=graph.dag_id, run_id=run_id)
        given(store)
        options = DagRunOptions(
            jobs=jobs or os.cpu_count() or 1,
            max_wait_s=max_wait,
            run_id=run_id,
            conf={**graph.params, **seed.params, **chosen, **seed.conf},
            env=launch.env,
            schema_version=served_schema_version(manifest),
        )
        result = _run(launch.argv, graph, store, seed, options, quiet=quiet)
        if kept is not None:
            kept.save(store)
    print_summary(result, store)
    if report is not None:
        from dagfloe.local.report.page import write_report  # noqa: PLC0415 - only for those who want it

        write_report(report, collect_run_data(result, store, path.resolve().name))
        click.echo(f"report: {report}")
    sys.exit(_STATUS[result.state])


def _run(
    command: Sequence[str], graph: Graph, store: Store, seed: Seed, options: DagRunOptions, *, quiet: bool
) -> DagResult:
    """Run the Dag, and show it; Ctrl-C and SIGTERM end the running tasks in an orderly way."""
    is_live = not quiet and sys.stdout.isatty()
    view = LiveView(list(graph.tasks)) if is_live else PlainView(quiet=quiet)
    with Stop() as stop, _stopped_by_signals(stop), view:

        def ask(name: str, question: Mapping[str, Any]) -> HumanOutcome | None:
            with view.paused(), _interruptible():
                try:
                    return ask_at_terminal(name, question)
                except (click.Abort, KeyboardInterrupt):
                    stop.set()
                    return None

        is_somebody_there = sys.stdin.isatty() and sys.stdout.isatty()
        answers = SeededAnswers(seed.triggers, seed.human_input, ask if is_somebody_there else None)
        return run_dag(command, graph, store, view, answers, options, stop)


def _open_database(path: Path) -> Database:
    from dagfloe.local.store.database import Database  # noqa: PLC0415 - only for those who want it

    return Database(path)


def _graph(manifest: Mapping[str, Any], dag_id: str | None, task_ids: Sequence[str]) -> Graph:
    """The Dag, or the part of it that is to run."""
    dag_id = choose_dag(manifest, dag_id)
    graph = Graph.from_manifest(dag_id, manifest["dags"][dag_id])
    for task_id in task_ids:
        if task_id not in graph.tasks:
            raise UsageError(f"the Dag {dag_id!r} has no task {task_id!r}, only {', '.join(graph.tasks) or 'none'}")
    return graph.only(task_ids) if task_ids else graph


def _given(variables: Sequence[str], connections: Sequence[str]) -> Callable[[Store], None]:
    """What the command line gives, read at once, so that a mistake is told before anything is done."""
    values = [_pair(text, "--var", "KEY=VALUE") for text in variables]
    made = []
    for text in connections:
        conn_id, uri = _pair(text, "--conn", "ID=URI")
        try:
            made.append(Connection.from_uri(conn_id, uri))
        except DagfloeError as error:
            raise UsageError(f"--conn: {error}") from error

    def fill(store: Store) -> None:
        for key, value in values:
            store.set_variable(key, value)
        for connection in made:
            store.add_connection(connection)

    return fill


def _params(params: Sequence[str]) -> dict[str, Any]:
    """The params of the command line: JSON where it can be read so, else text."""
    found: dict[str, Any] = {}
    for each in params:
        name, value = _pair(each, "--param", "KEY=VALUE")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise UsageError(f"{option} takes {form}: the name or the equals sign is missing")  # the text may be secret
    return name, value


@contextmanager
def _stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the running tasks in an orderly way."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C raise, as it does while somebody types."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
