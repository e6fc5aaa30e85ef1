"""`dagfloe settings`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dagfloe.cli.doctor.airflow_settings import AirflowSettings, SettingError
from dagfloe.cli.doctor.airflow_version import find_version, release_of
from dagfloe.cli.doctor.dag_bundles import dags_folder
from dagfloe.cli.doctor.settings_template import render_settings
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import airflow_option
from dagfloe.errors import DagfloeError

_NEWEST = (3, 4)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@airflow_option
@exit_on_error
def settings(folder: Path | None, *, release: str | None) -> None:
    """Print the settings with which Airflow finds the bundle files in FOLDER.

    The output is for airflow.cfg. It contains the queues that the bundle files declare, and the queue dagfloe. FOLDER
    need not exist on this host. Its default is Airflow's Dags folder, or for Airflow 3.3 the folder bundles in
    Airflow's folder. Without an Airflow on PATH, the settings are for Airflow 3.4.

    \b
    dagfloe settings
    dagfloe settings /opt/airflow/bundles --airflow 3.4
    """
    try:
        configured = AirflowSettings(os.environ)
        dags = dags_folder(configured)
    except SettingError as error:
        raise DagfloeError(str(error)) from error
    number = release_of(release or find_version(os.environ)) or _NEWEST
    default = dags if number >= _NEWEST else configured.home / "bundles"
    click.echo(render_settings((folder or default).absolute(), number, dags.absolute()), nl=False)
