"""Options that several commands have."""

from __future__ import annotations

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print only errors.")
airflow_option = click.option(
    "--airflow",
    "release",
    type=click.Choice(["3.3", "3.4"]),
    show_default="the one on PATH",
    help="The release of Airflow.",
)
