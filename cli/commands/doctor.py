"""`dagfloe doctor`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.doctor.airflow_checks import check_airflow
from dagfloe.cli.doctor.airflow_version import find_version, release_of
from dagfloe.cli.doctor.build_checks import check_build
from dagfloe.cli.doctor.bundle_checks import check_bundle_file
from dagfloe.cli.doctor.check import FAILED, OK, WARNING
from dagfloe.cli.doctor.host_checks import check_host
from dagfloe.cli.doctor.readiness.checks import check_readiness
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import airflow_option, json_option
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.constants import EXIT_FAILURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagfloe.cli.doctor.check import Check

_MARKS = {OK: ("✓", "green"), WARNING: ("!", "yellow"), FAILED: ("✗", "red")}


@click.command()
@click.argument("path", metavar="[FILE|FOLDER]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--require",
    "dag_ids",
    multiple=True,
    metavar="DAG",
    help="Check only whether this host can run the tasks of this Dag. Repeatable.",
)
@airflow_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Print only warnings and failures.")
@exit_on_error
def doctor(path: Path | None, *, dag_ids: tuple[str, ...], release: str | None, as_json: bool, quiet: bool) -> None:
    """Check that this host can build and run bundle files, and that its Airflow finds them.

    With FILE, check that this host can run that bundle file. The check starts the file, which unpacks itself. The exit
    status is 1 if a check fails.

    With --require, check that Airflow's coordinator on this host finds a bundle file of the Dag, and that this user can
    run it here. FOLDER replaces the folders of Airflow's settings.

    Airflow 3.3 and 3.4 need different settings. The command checks for the Airflow whose command is on PATH.

    \b
    dagfloe doctor
    dagfloe doctor /opt/airflow/bundles/weather
    dagfloe doctor --require weather --require hello
    dagfloe doctor --json | jq '.checks[] | select(.state != "ok")'
    """
    report: dict[str, Any] = {}
    if dag_ids:
        number = release_of(release or find_version(os.environ))
        requirements, checks = check_readiness(dag_ids, path, os.environ, number)
        report["required"] = [asdict(requirement) for requirement in requirements]
    else:
        checks = [*check_host()]
        checks += check_bundle_file(path) if path else [*check_build(), *check_airflow(os.environ, release or "")]
    has_failed = any(check.state == FAILED for check in checks)
    if as_json:
        report |= {"checks": [asdict(check) for check in checks], "ok": not has_failed}
        click.echo(json.dumps(report, indent=2))
    else:
        _print_checks(checks, quiet=quiet)
    if has_failed:
        raise click.exceptions.Exit(EXIT_FAILURE)


def _print_checks(checks: Sequence[Check], *, quiet: bool) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        if quiet and check.state == OK:
            continue
        mark, color = _MARKS[check.state]
        cure = f" -> {check.cure}" if check.cure else ""
        state = "" if check.state == OK else f"{check.state}: "
        click.echo(f"{click.style(mark, fg=color)} {check.name:<{width}}  {state}{to_one_line(check.text + cure)}")
