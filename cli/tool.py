"""The author's tool, `dagfloe`: its commands are in the modules of the same names."""

from __future__ import annotations

import click

from dagfloe import __version__
from dagfloe.cli.build import build
from dagfloe.cli.cache import cache
from dagfloe.cli.inspect import inspect
from dagfloe.cli.run import run
from dagfloe.cli.verify import verify


@click.group(context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="dagfloe")
def main() -> None:
    """Freeze Python tasks into one file that Airflow runs."""


for command in (build, cache, inspect, run, verify):
    main.add_command(command)
