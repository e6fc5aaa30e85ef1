"""`dagfloe doctor`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagfloe.cli.doctor.airflow_checks import check_airflow
from dagfloe.cli.doctor.build_checks import check_build
from dagfloe.cli.doctor.bundle_checks import check_bundle_file
from dagfloe.cli.doctor.check import FAILED, OK, WARNING
from dagfloe.cli.doctor.host_checks import check_host
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import airflow_option, json_option
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.constants import EXIT_FAILURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagfloe.cli.doctor.check import Check

_MARKS = {OK: ("✓", "green"), WARNING: ("!", "yellow"), FAILED: ("✗", "red")}


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@airflow_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Print only warnings and failures.")
@exit_on_error
def doctor(file: Path | None, *, release: str | None, as_json: bool, quiet: bool) -> None:
    """Check that this host can build and run bundle files, and that its Airflow finds them.

    With FILE, check that this host can run that bundle file. The check starts the file, which unpacks itself. The exit
    status is 1 if a check fails.

    Airflow 3.3 and 3.4 need different settings. The command checks for the Airflow whose command is on PATH.

    \b
    dagfloe doctor
    dagfloe doctor /opt/airflow/bundles/weather
    dagfloe doctor --json | jq '.checks[] | select(.state != "ok")'
    """
    checks = [*check_host()]
    checks += check_bundle_file(file) if file else [*check_build(), *check_airflow(os.environ, release or "")]
    has_failed = any(check.state == FAILED for check in checks)
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks], "ok": not has_failed}, indent=2))
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
