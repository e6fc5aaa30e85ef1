"""`dagfloe doctor`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from dagfloe.cli.doctor.airflow_checks import check_airflow
from dagfloe.cli.doctor.file_checks import check_file
from dagfloe.cli.doctor.host_checks import FAILED, OK, WARNING, check_build, check_host
from dagfloe.cli.failure import tell_errors

_MARKS = {OK: ("✓", "green"), WARNING: ("!", "yellow"), FAILED: ("✗", "red")}


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print only what is not well.")
@tell_errors
def doctor(file: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Check whether this host builds and runs bundle files, and whether its Airflow finds them.

    With FILE, check whether this host runs that bundle file; it is started for that, and unpacks itself. The exit
    status is 1 when a check failed.

    \b
    dagfloe doctor
    dagfloe doctor /opt/airflow/bundles/weather
    dagfloe doctor --json | jq '.checks[] | select(.state != "ok")'
    """
    checks = [*check_host()]
    checks += check_file(file) if file else [*check_build(), *check_airflow(os.environ)]
    failed = [check for check in checks if check.state == FAILED]
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks], "ok": not failed}, indent=2))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            if quiet and check.state == OK:
                continue
            mark, color = _MARKS[check.state]
            cure = f" -> {check.cure}" if check.cure else ""
            state = "" if check.state == OK else f"{check.state}: "
            click.echo(f"{click.style(mark, fg=color)} {check.name:<{width}}  {state}{check.text}{cure}")
    if failed:
        raise click.exceptions.Exit(1)
