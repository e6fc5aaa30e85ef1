"""`dagfloe inspect`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagfloe.build.host.floor import describe_floor, find_floor
from dagfloe.cli.failure import tell_errors
from dagfloe.cli.show.dag_tree import dag_tree
from dagfloe.cli.show.terminal_text import one_line
from dagfloe.errors import UsageError
from dagfloe.format import trailer as trailer_format
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.errors import ElfError
from dagfloe.format.manifest import validate_manifest

if TYPE_CHECKING:
    from dagfloe.format.bundle_file import BundleFile


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--source", is_flag=True, help="Print the embedded source, and nothing else.")
@tell_errors
def inspect(file: Path, *, as_json: bool, source: bool) -> None:
    """Show what is in a bundle FILE of any SDK, without running it.

    \b
    dagfloe inspect dist/linux-x86_64/weather
    dagfloe inspect dist/linux-x86_64/weather --json | jq .manifest.dags
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
    """A bundle file as `--json` tells it; names stay as they are, and new ones may be added."""
    return {
        "file": str(bundle.path),
        "floor": find_host(bundle),
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
        "manifest": _plain(bundle.manifest),
    }


def find_host(bundle: BundleFile) -> dict[str, str] | None:
    """What a bundle file needs of its host: what dagfloe wrote down, or else what the executable itself tells."""
    manifest = bundle.manifest
    sdk, floor = manifest.get("sdk"), manifest.get("floor")
    if isinstance(sdk, dict) and sdk.get("name") == "dagfloe" and isinstance(floor, dict):
        return floor
    with bundle.path.open("rb") as file:
        content = file.read(bundle.binary_len)
    try:
        found = find_floor(bundle.path.name, [(bundle.path.name, content)])
    except ElfError:
        return None
    return {name: value for name, value in found.to_manifest().items() if name != "set_by"} if found else None


def _plain(value: Any) -> Any:
    """YAML's values as JSON's: dates and whatever else there is become text, in keys, too."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _print(description: dict[str, Any]) -> None:
    manifest, regions, floor = description["manifest"], description["regions"], description["floor"]
    sdk, own = manifest["sdk"], manifest.get("bundle")
    rows = {"file": description["file"]}
    if isinstance(own, dict) and own:
        rows["bundle"] = ", ".join(f"{name} {value}" for name, value in own.items())
    rows["SDK"] = " ".join((str(sdk.get("name") or ""), sdk["language"], sdk["version"])).strip()
    rows["speaks"] = f"supervisor schema {sdk['supervisor_schema_version']}"
    if floor:
        rows["runs on"] = describe_floor(floor) + (f" (because of {floor['set_by']})" if "set_by" in floor else "")
    rows["size"] = f"{description['size']:,} bytes: " + ", ".join(f"{name} {size:,}" for name, size in regions.items())
    rows["sha256"] = f"{description['trailer']['binary_sha256']} (of the binary)"
    rows["source"] = manifest["source"] if regions["source"] else f"{manifest['source']}, left out"
    for name, text in rows.items():
        click.echo(f"{click.style(f'{name:<9}', bold=True)}{one_line(text)}")
    for dag_id, dag in manifest["dags"].items():
        click.echo()
        lines = [*dag_tree(str(dag_id), dag)]
        width = max(len(line) + len(what) for line, what, _ in lines)
        for line, what, notes in lines:
            shown = click.style(what, bold=not line)
            space = " " * (width - len(line) - len(what) + 2)
            click.echo(f"{line}{shown}{space}{click.style(notes, dim=True)}".rstrip() if notes else f"{line}{shown}")
