"""`dagfloe run`."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.bundle_or_project import choose_dag, open_bundle
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.id_completion import complete_ids
from dagfloe.cli.options import python_option, upgrade_option
from dagfloe.cli.pair_options import check_text, check_texts, parse_connections, parse_params, split_pairs
from dagfloe.cli.run_conf import check_params
from dagfloe.cli.seeded_answers import SeededAnswers
from dagfloe.cli.show.human_prompt import prompt_human
from dagfloe.cli.show.live_run_view import LiveRunView
from dagfloe.cli.show.plain_run_view import PlainRunView
from dagfloe.cli.show.run_summary import print_summary
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.cli.signal_handlers import handle_signals
from dagfloe.cli.value_options import compile_pattern, parse_conf, parse_date
from dagfloe.constants import EXIT_FAILURE, EXIT_INTERRUPTED, FAILED, SUCCESS
from dagfloe.errors import UsageError
from dagfloe.format.declarations import declaration
from dagfloe.local.report.run_data import collect_run_data
from dagfloe.local.schedule.dag_result import INTERRUPTED
from dagfloe.local.schedule.dag_run_options import DagRunOptions
from dagfloe.local.schedule.dag_runner import run_dag
from dagfloe.local.schedule.manifest_graph import Graph
from dagfloe.local.schema_version import served_schema_version
from dagfloe.local.seed.environment_variables import fill_from_environment
from dagfloe.local.seed.seed_file import Seed, read_seed
from dagfloe.local.stop import Stop
from dagfloe.local.store.declarations import add_declarations
from dagfloe.local.store.store import Store

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from dagfloe.local.schedule.dag_result import DagResult
    from dagfloe.local.schedule.outcomes import HumanOutcome
    from dagfloe.local.store.database import Database
    from dagfloe.model.connection import Connection

#: What ends the run. At a prompt, both must interrupt the reading of the answer.
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_STATUSES = {SUCCESS: 0, FAILED: EXIT_FAILURE, INTERRUPTED: EXIT_INTERRUPTED}


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option(
    "--dag",
    "dag_id",
    metavar="ID",
    shell_complete=complete_ids,
    callback=check_text,
    help="The Dag to run; needed if the bundle has several.",
)
@click.option(
    "--task",
    "task_ids",
    multiple=True,
    metavar="ID",
    shell_complete=complete_ids,
    callback=check_texts,
    help="Run only this task. The XComs of others come from the seed file or the database. Repeatable.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    show_default="number of CPUs",
    help="How many tasks run at the same time.",
)
@click.option(
    "--seed",
    "seed_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file with variables, connections, XComs, assets, params, trigger outcomes and human answers.",
)
@click.option(
    "--var", "variables", multiple=True, metavar="KEY=VALUE", callback=split_pairs, help="Set a variable. Repeatable."
)
@click.option(
    "--conn",
    "connections",
    multiple=True,
    metavar="ID=URI",
    callback=parse_connections,
    help="Add a connection. Repeatable.",
)
@click.option(
    "-c",
    "--conf",
    metavar="JSON",
    callback=parse_conf,
    help="The conf of the Dag run: a JSON object. Its keys replace the defaults of params.",
)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="KEY=VALUE",
    callback=parse_params,
    help="Set a param of the Dag run, which is a key of its conf; VALUE is JSON or a string. Repeatable.",
)
@click.option(
    "--logical-date",
    metavar="DATE",
    show_default="the present time",
    callback=parse_date,
    help="The logical date of the Dag run in ISO form; without an offset, it is in UTC.",
)
@click.option(
    "--mark-success-pattern",
    metavar="REGEX",
    callback=compile_pattern,
    help="Do not run the tasks whose whole task_id matches; give them the state success.",
)
@click.option("--from-airflow", is_flag=True, help="Read AIRFLOW_VAR_* and AIRFLOW_CONN_* from the environment.")
@click.option(
    "--db",
    "database_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file that keeps variables, XComs, states and Dag runs for the next run.",
)
@click.option(
    "--run-id", metavar="ID", show_default="manual__TIME", callback=check_text, help="The run_id of the Dag run."
)
@click.option(
    "--max-wait",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="Wait at most this long for a retry, a reschedule or a time trigger.",
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTML report of the run.")
@python_option
@upgrade_option
@click.option("-q", "--quiet", is_flag=True, help="Print only the summary.")
@exit_on_error
def run(
    path: Path,
    dag_id: str | None,
    task_ids: Sequence[str],
    jobs: int | None,
    seed_path: Path | None,
    variables: Sequence[tuple[str, str]],
    connections: Sequence[Connection],
    conf: Mapping[str, Any],
    params: Mapping[str, Any],
    logical_date: datetime | None,
    mark_success_pattern: re.Pattern[str] | None,
    database_path: Path | None,
    run_id: str | None,
    max_wait: float | None,
    report: Path | None,
    *,
    python: str,
    upgrade: bool,
    from_airflow: bool,
    quiet: bool,
) -> None:
    """Run a Dag without Airflow.

    PATH is a bundle file of any SDK or a project folder, by default the current folder.

    Tasks run as the bundle declares them: in order, in parallel, mapped, branched and retried. If a bundle declares no
    graph, like those of other SDKs, its tasks run one after the other. The exit status is 0 if the Dag run succeeds by
    Airflow's rules.

    \b
    dagfloe run
    dagfloe run --conf '{"limit": 5}' --logical-date 2026-01-31 --mark-success-pattern 'load|notify'
    dagfloe run --seed seed.toml --report run.html
    dagfloe run --task load --seed seed.toml --max-wait 1
    dagfloe run dist/linux-x86_64/weather --conn db=postgres://user:pass@host/db
    """
    seed = Seed() if seed_path is None else read_seed(seed_path)
    run_id = run_id or f"manual__{datetime.now(tz=timezone.utc).isoformat()}"
    with ExitStack() as stack:
        database = None if database_path is None else stack.enter_context(_open_database(database_path))
        launch, manifest = stack.enter_context(open_bundle(path, quiet=quiet, python=python, upgrade=upgrade))
        graph = _select_graph(manifest, dag_id, task_ids)
        conf = {**seed.params, **seed.conf, **conf, **params}
        check_params(graph, conf)
        store = Store()
        add_declarations(manifest, store)
        if database is not None:
            database.load(store)
        if from_airflow:
            fill_from_environment(store, os.environ)
        seed.fill(store, dag_id=graph.dag_id, run_id=run_id)
        for key, value in variables:
            store.set_variable(key, value)
        for connection in connections:
            store.add_connection(connection)
        options = DagRunOptions(
            jobs=jobs or os.cpu_count() or 1,
            max_wait_s=max_wait,
            run_id=run_id,
            logical_date=logical_date,
            conf=conf,
            mark_success_pattern=mark_success_pattern,
            env=launch.env,
            schema_version=served_schema_version(manifest),
        )
        result = _run_and_show(launch.argv, graph, store, seed, options, quiet=quiet)
        if database is not None:
            database.save(store)
    print_summary(result, store)
    if report is not None:
        from dagfloe.local.report.page import write_report  # noqa: PLC0415 - only with --report

        write_report(report, collect_run_data(result, store, path.resolve().name))
        click.echo(f"report: {to_one_line(str(report))}")
    raise click.exceptions.Exit(_EXIT_STATUSES[result.state])


def _run_and_show(
    command: Sequence[str], graph: Graph, store: Store, seed: Seed, options: DagRunOptions, *, quiet: bool
) -> DagResult:
    """Run the Dag and show its progress. Ctrl-C and SIGTERM let the running tasks clean up, and end the run."""
    is_live = not quiet and sys.stdout.isatty()
    view = LiveRunView(list(graph.tasks)) if is_live else PlainRunView(quiet=quiet)
    with Stop() as stop, handle_signals(_STOP_SIGNALS, lambda *_: stop.set()), view:

        def prompt(name: str, question: Mapping[str, Any]) -> HumanOutcome | None:
            with view.paused(), handle_signals(_STOP_SIGNALS, signal.default_int_handler):
                try:
                    return prompt_human(name, question)
                except (click.Abort, KeyboardInterrupt):
                    stop.set()
                    return None

        is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        answers = SeededAnswers(seed.triggers, seed.human_input, prompt if is_terminal else None)
        return run_dag(command, graph, store, view, answers, options, stop)


def _open_database(path: Path) -> Database:
    from dagfloe.local.store.database import Database  # noqa: PLC0415 - only with --db

    return Database(path)


def _select_graph(manifest: Mapping[str, Any], dag_id: str | None, task_ids: Sequence[str]) -> Graph:
    """Return the graph of the chosen Dag, or its part with the chosen tasks."""
    dag_id = choose_dag(manifest, dag_id)
    graph = Graph.from_manifest(dag_id, {**manifest["dags"][dag_id], "declaration": declaration(manifest, dag_id)})
    for task_id in task_ids:
        if task_id not in graph.tasks:
            raise UsageError(f"the Dag {dag_id!r} has no task {task_id!r}; it has {', '.join(graph.tasks) or 'none'}")
    return graph.select(task_ids) if task_ids else graph
