"""The author's tool, `dagfloe`: its commands are the modules of `dagfloe.cli.commands`."""

from __future__ import annotations

import click

from dagfloe import __version__
from dagfloe.cli.lazy_group import LazyGroup

#: Each command, and what the list of commands says of it.
COMMANDS = {
    "new": "Start a project: a small one that works.",
    "run": "Run a Dag without an Airflow.",
    "build": "Build the bundle file of a project.",
    "stub": "Write the stub Dag file for Airflow.",
    "inspect": "Show what is in a bundle file.",
    "verify": "Check that a bundle file is intact.",
    "doctor": "Check whether this host builds and runs bundle files.",
    "cache": "Show and manage what bundle files have unpacked here.",
    "completion": "Print what lets a shell complete commands.",
}


@click.group(cls=LazyGroup, texts=COMMANDS, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="dagfloe")
def main() -> None:
    """Freeze Python tasks into one file that Airflow runs.

    \b
    dagfloe new sales && cd sales
    dagfloe run . --seed seed.toml
    dagfloe build
    """
