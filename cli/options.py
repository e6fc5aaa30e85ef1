"""Options that several commands have."""

from __future__ import annotations

import os

import click

from dagfloe.build.pyproject import is_python


def _check_python(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if value and not is_python(value):
        raise click.BadParameter("write a version such as 3.13, or a path")
    return os.path.abspath(os.path.expanduser(value)) if "/" in value else value  # noqa: PTH100, PTH111 - a string


json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print only errors.")
airflow_option = click.option(
    "--airflow",
    "release",
    type=click.Choice(["3.3", "3.4"]),
    show_default="the one on PATH",
    help="The release of Airflow.",
)
python_option = click.option(
    "--python",
    default="",
    metavar="VERSION",
    show_default="the project's choice",
    callback=_check_python,
    help="The Python to use: a version such as 3.13, or the path of one.",
)
upgrade_option = click.option("--upgrade", is_flag=True, help="Take the newest versions that the project allows.")
