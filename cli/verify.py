"""`dagfloe verify`."""

from __future__ import annotations

from pathlib import Path

import click

from dagfloe.build.bundle_file import read_bundle, verify_bundle
from dagfloe.cli.errors import tell_errors


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@tell_errors
def verify(file: Path) -> None:
    """Check that a bundle FILE is intact: trailer, digests, manifest; the exit status tells.

    A file of another SDK has no seal over its source and manifest; for those, the manifest's schema is checked.

    \b
    dagfloe verify dist/linux-x86_64/weather
    """
    for line in verify_bundle(read_bundle(file)):
        click.echo(line)
    click.echo(f"{file} is intact")
