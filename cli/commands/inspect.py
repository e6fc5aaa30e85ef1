"""`dagfloe inspect`."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagfloe.build.host.floor import describe_cause, describe_floor
from dagfloe.cli.bundle_floor import bundle_floor
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import json_option
from dagfloe.cli.show.dag_tree import dag_tree
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.errors import UsageError
from dagfloe.format import trailer as trailer_format
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.manifest import validate_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.format.bundle_file import BundleFile


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.option("--source", is_flag=True, help="Print only the embedded source.")
@exit_on_error
def inspect(file: Path, *, as_json: bool, source: bool) -> None:
    """Show the contents of a bundle file of any SDK. The file is not started.

    \b
    dagfloe inspect dist/linux-x86_64/weather
    dagfloe inspect dist/linux-x86_64/weather --json | jq .manifest.dags
    dagfloe inspect dist/linux-x86_64/weather --source
    """
    if as_json and source:
        raise UsageError("--json cannot be used with --source")
    bundle = read_bundle(file)
    if source:
        sys.stdout.buffer.write(bundle.source)
        return
    description = describe_bundle(bundle)
    if as_json:
        click.echo(json.dumps(description, indent=2, sort_keys=True))
        return
    validate_manifest(bundle.manifest)
    _print_summary(description)
    for dag_id, dag in description["manifest"]["dags"].items():
        click.echo()
        _print_tree(str(dag_id), dag)


def describe_bundle(bundle: BundleFile) -> dict[str, Any]:
    """Return what `--json` prints. Names stay as they are; new ones may be added."""
    return {
        "file": str(bundle.path),
        "floor": bundle_floor(bundle),
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
        "manifest": _to_json_value(bundle.manifest),
    }


def _to_json_value(value: Any) -> Any:
    """Replace YAML values that JSON does not have, such as dates and infinity, by strings; keys, too."""
    if isinstance(value, dict):
        return {str(key): _to_json_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _print_summary(description: Mapping[str, Any]) -> None:
    manifest, regions, floor = description["manifest"], description["regions"], description["floor"]
    sdk, bundle = manifest["sdk"], manifest.get("bundle")
    rows = {"file": description["file"]}
    if isinstance(bundle, dict) and bundle:
        rows["bundle"] = ", ".join(f"{name} {value}" for name, value in bundle.items())
    rows["SDK"] = " ".join((str(sdk.get("name") or ""), sdk["language"], sdk["version"])).strip()
    rows["protocol"] = f"supervisor schema {sdk['supervisor_schema_version']}"
    if floor:
        rows["requires"] = ": ".join(filter(None, (describe_floor(floor), describe_cause(floor))))
    rows["size"] = f"{description['size']:,} bytes: " + ", ".join(f"{name} {size:,}" for name, size in regions.items())
    rows["sha256"] = f"{description['trailer']['binary_sha256']} (of the binary)"
    rows["source"] = manifest["source"] if regions["source"] else f"{manifest['source']}, not embedded"
    if (manifest.get("sources") is not None) and (native := manifest.get("dag_source_paths")):
        rows["source"] = ", ".join(f"{path} ({', '.join(dag_ids)})" for path, dag_ids in _by_path(native).items())
    for name, text in rows.items():
        click.echo(f"{click.style(f'{name:<9}', bold=True)}{to_one_line(text)}")


def _by_path(paths: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the dag_ids of each source file."""
    return {path: [dag_id for dag_id in paths if paths[dag_id] == path] for path in sorted(set(paths.values()))}


def _print_tree(dag_id: str, dag: Mapping[str, Any]) -> None:
    lines = [*dag_tree(dag_id, dag)]
    width = max(len(line.branch) + len(line.label) for line in lines)
    for line in lines:
        row = f"{line.branch}{click.style(line.label, bold=not line.branch)}"
        if line.notes:
            row += " " * (width - len(line.branch) - len(line.label) + 2) + click.style(line.notes, dim=True)
        click.echo(row)
