"""The author's tool `dagfloe`: the list of its commands, which are the modules of `dagfloe.cli.commands`."""

from __future__ import annotations

import click

from dagfloe import __version__
from dagfloe.cli.lazy_group import LazyGroup

#: The commands, and their lines in `dagfloe --help`.
COMMANDS = {
    "new": "Create a small working project.",
    "adopt": "Move tasks of a Dag file into bundles.",
    "run": "Run a Dag without Airflow.",
    "build": "Build the bundle file of a project.",
    "stub": "Generate the stub Dag file for Airflow.",
    "inspect": "Show the contents of a bundle file.",
    "verify": "Check that a bundle file is intact.",
    "doctor": "Check that this host can build and run bundle files.",
    "settings": "Print Airflow's settings for a folder of bundle files.",
    "cache": "List, warm and prune unpacked bundle files.",
    "completion": "Print the completion script for your shell.",
}


@click.group(cls=LazyGroup, summaries=COMMANDS, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="dagfloe")
def main() -> None:
    """Freeze Python tasks into one file that Airflow runs.

    \b
    dagfloe new sales && cd sales
    dagfloe run . --seed seed.toml
    dagfloe build
    """
