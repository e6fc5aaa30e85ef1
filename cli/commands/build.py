"""`dagfloe build`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagfloe.build.freshness import BuildPlan
from dagfloe.build.host.floor import describe_floor
from dagfloe.build.project import read_project
from dagfloe.cli.failure import tell_errors
from dagfloe.cli.startup_budget import START_CURE, STARTUP_BUDGET_S
from dagfloe.errors import UsageError
from dagfloe.runtime.metadata import platform_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagfloe.build.freshness import BuiltBundle
    from dagfloe.build.package_sizes import PackageSize

#: How many packages the summary names.
_TOP = 5


@click.command()
@click.argument("path", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the bundle file.  [default: dist/<os>-<arch>]",
)
@click.option("--one-file", is_flag=True, help="Let the file unpack itself at every start, not once on a host.")
@click.option("--force", is_flag=True, help="Build it although nothing has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Show what pip and PyInstaller say.")
@tell_errors
def build(
    path: Path, output: Path | None, *, one_file: bool, force: bool, as_json: bool, quiet: bool, verbose: bool
) -> None:
    """Build the bundle file of the project in the folder PATH, by default the one that you are in.

    The file is built once: while nothing changes that goes into it, it is up to date.

    \b
    dagfloe build
    dagfloe build bundles/weather --output /opt/airflow/bundles
    dagfloe build --json | jq -r .file
    """
    if quiet and verbose:
        raise UsageError("--quiet and --verbose exclude each other")
    folder = output or Path("dist") / platform_tag()
    began = time.monotonic()
    plan = BuildPlan(read_project(path), folder, one_file=one_file)
    built = None if force else plan.find_built()
    if built is None:
        built = _build(plan, quiet=quiet or as_json, verbose=verbose)
    if as_json:
        click.echo(json.dumps(describe(built), indent=2, sort_keys=True))
    elif not quiet:
        _print(built, time.monotonic() - began)


def describe(built: BuiltBundle) -> dict[str, Any]:
    """A build as `--json` tells it; names stay as they are, and new ones may be added."""
    return {
        "built": built.is_new,
        "bytes": built.size,
        "dags": {dag_id: dag["tasks"] for dag_id, dag in built.manifest["dags"].items()},
        "file": str(built.path),
        "floor": built.manifest.get("floor"),
        "packages": [asdict(package) for package in built.packages],
        "seconds": round(built.seconds, 3),
        "sha256": built.manifest["digests"]["integrity"],
        "start": {"first_s": round(built.first_start_s, 4), "later_s": round(built.later_start_s, 4)},
        "unpacked_bytes": built.unpacked,
    }


def _build(plan: BuildPlan, *, quiet: bool, verbose: bool) -> BuiltBundle:
    from dagfloe.build.pack import build_bundle  # noqa: PLC0415 - loads what only a build needs
    from dagfloe.cli.show.build_progress import BuildView  # noqa: PLC0415 - as above

    with BuildView(quiet=quiet and not verbose, verbose=verbose) as view:
        return build_bundle(plan, view, verbose=view.wants_output)


def _print(built: BuiltBundle, seconds: float) -> None:
    path = click.style(str(built.path), bold=True)
    if built.is_new:
        click.echo(f"{path} is built, in {seconds:.1f} s")
    else:
        click.echo(f"{path} is up to date")
    dags = ", ".join(f"{dag_id} ({len(dag['tasks'])} tasks)" for dag_id, dag in built.manifest["dags"].items())
    lines = {
        "Dags": dags,
        "size": f"{_megabytes(built.size)} MB, unpacked {_megabytes(built.unpacked)} MB",
        "most of it": _top(built.packages),
        "starts in": f"{built.later_start_s:.2f} s, imports included; {built.first_start_s:.2f} s at first on a host",
    }
    if floor := built.manifest.get("floor"):
        lines["runs on"] = describe_floor(floor)
    for name, text in lines.items():
        click.echo(f"  {click.style(f'{name:<11}', dim=True)}{text}")
    if built.first_start_s > STARTUP_BUDGET_S:
        warning = "Airflow waits 10 s for a task to connect, and the first start here took half of that"
        click.echo(f"{click.style('warning', fg='yellow')}: {warning}: {START_CURE}", err=True)


def _top(packages: Sequence[PackageSize]) -> str:
    return ", ".join(f"{package.name} {_megabytes(package.packed)}" for package in packages[:_TOP]) + " MB"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
