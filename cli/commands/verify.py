"""`dagfloe verify`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import json_option, quiet_option
from dagfloe.cli.show.terminal_text import escape_controls, to_one_line
from dagfloe.constants import EXIT_FAILURE
from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.errors import PackError


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@quiet_option
@exit_on_error
def verify(file: Path, *, as_json: bool, quiet: bool) -> None:
    """Check that a bundle file is intact: its trailer, its digests and its manifest.

    The exit status is 1 if the file is damaged. In files of other SDKs, no digest protects the source and the manifest;
    the manifest is checked against its schema instead.

    \b
    dagfloe verify dist/linux-x86_64/weather
    dagfloe verify dist/linux-x86_64/weather --json
    """
    try:
        checks = [line.partition(": ")[::2] for line in verify_bundle(read_bundle(file))]
    except PackError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"checks": [], "error": str(error), "file": str(file), "intact": False}, indent=2))
        raise click.exceptions.Exit(EXIT_FAILURE) from error
    if as_json:
        described = [{"name": name, "text": text} for name, text in checks]
        click.echo(json.dumps({"checks": described, "error": None, "file": str(file), "intact": True}, indent=2))
    elif not quiet:
        for name, text in checks:
            click.echo(f"{click.style('✓', fg='green')} {name:<11}{escape_controls(text)}")
        click.echo(f"{to_one_line(str(file))} is intact")
