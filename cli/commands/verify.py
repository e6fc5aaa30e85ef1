"""`dagfloe verify`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dagfloe.cli.failure import tell_errors
from dagfloe.cli.show.terminal_text import safe
from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.errors import PackError


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@tell_errors
def verify(file: Path, *, as_json: bool, quiet: bool) -> None:
    """Check that a bundle FILE is intact: trailer, digests, manifest; the exit status tells.

    A file of another SDK has no seal over its source and manifest; for those, the manifest's schema is checked.

    \b
    dagfloe verify dist/linux-x86_64/weather
    dagfloe verify dist/linux-x86_64/weather --json
    """
    checks: list[tuple[str, str]] = []
    try:
        for line in verify_bundle(read_bundle(file)):
            name, _, text = line.partition(": ")
            checks.append((name, text))
    except PackError as error:
        if as_json:
            click.echo(json.dumps({"checks": [], "error": str(error), "file": str(file), "intact": False}, indent=2))
            raise click.exceptions.Exit(1) from error
        raise
    if as_json:
        told = [{"name": name, "text": text} for name, text in checks]
        click.echo(json.dumps({"checks": told, "error": None, "file": str(file), "intact": True}, indent=2))
    elif not quiet:
        for name, text in checks:
            click.echo(f"{click.style('✓', fg='green')} {name:<11}{safe(text)}")
        click.echo(f"{file} is intact")
