"""`dagfloe inspect`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagfloe.build import trailer as trailer_format
from dagfloe.build.bundle_file import read_bundle
from dagfloe.build.floor import describe_floor
from dagfloe.build.manifest import validate_manifest
from dagfloe.cli.errors import tell_errors
from dagfloe.errors import UsageError

if TYPE_CHECKING:
    from dagfloe.build.bundle_file import BundleFile


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--source", is_flag=True, help="Print the embedded source, and nothing else.")
@tell_errors
def inspect(file: Path, *, as_json: bool, source: bool) -> None:
    """Show what is in a bundle FILE of any SDK, without running it.

    \b
    dagfloe inspect dist/linux-x86_64/weather
    dagfloe inspect dist/linux-x86_64/weather --json
    dagfloe inspect dist/linux-x86_64/weather --source
    """
    if as_json and source:
        raise UsageError("--json and --source exclude each other")
    bundle = read_bundle(file)
    if source:
        sys.stdout.buffer.write(bundle.source)
        return
    description = describe(bundle)
    if as_json:
        click.echo(json.dumps(description, indent=2, sort_keys=True))
    else:
        validate_manifest(bundle.manifest)
        _print(description)


def describe(bundle: BundleFile) -> dict[str, Any]:
    """Everything about a bundle file, as JSON has it."""
    return {
        "file": str(bundle.path),
        "size": bundle.size,
        "regions": {
            "binary": bundle.binary_len,
            "source": bundle.trailer.source_len,
            "manifest": bundle.trailer.manifest_len,
            "trailer": trailer_format.SIZE,
        },
        "trailer": {
            "magic": trailer_format.MAGIC.decode(),
            "footer_ver": trailer_format.VERSION,
            "binary_sha256": bundle.trailer.binary_sha256.hex(),
        },
        "manifest": bundle.manifest,
    }


def _print(description: dict[str, Any]) -> None:
    manifest, regions = description["manifest"], description["regions"]
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")

    def row(name: str, value: object) -> None:
        table.add_row(name, Text(str(value)))

    row("file", f"{description['file']}, {description['size']:,} bytes")
    row("regions", ", ".join(f"{name} {length:,}" for name, length in regions.items()))
    row("sha256", f"{description['trailer']['binary_sha256']} (of the binary)")
    sdk, own = manifest["sdk"], manifest.get("bundle") or {}
    row("sdk", f"{sdk['language']} {sdk['version']}, supervisor schema {sdk['supervisor_schema_version']}")
    if isinstance(own, dict) and own:
        row("bundle", ", ".join(f"{name} {value}" for name, value in own.items()))
    if sdk.get("name") == "dagfloe" and (floor := manifest.get("floor")):
        row("floor", describe_floor(floor) + (f" (because of {floor['set_by']})" if "set_by" in floor else ""))
    row("source", f"{manifest['source']}, {regions['source']:,} bytes")
    for dag_id, dag in manifest["dags"].items():
        row("Dag", f"{dag_id}: {', '.join(dag['tasks'])}")
    Console().print(table, soft_wrap=not sys.stdout.isatty())
