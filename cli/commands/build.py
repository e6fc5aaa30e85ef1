"""`dagfloe build`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagfloe.build.checks.author_tests import run_author_tests
from dagfloe.build.freshness import BuildPlan
from dagfloe.build.host.floor import describe_cause, describe_floor
from dagfloe.build.project import read_project
from dagfloe.build.sbom.document import check_sbom_library, sbom_path, write_sbom
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import json_option, python_option, quiet_option, upgrade_option
from dagfloe.cli.show.terminal_text import to_one_line
from dagfloe.cli.startup_budget import SLOW_START_CURE, STARTUP_BUDGET_S
from dagfloe.errors import UsageError
from dagfloe.runtime.metadata import platform_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagfloe.build.freshness import BuiltBundle
    from dagfloe.build.package_sizes import PackageSize

#: Smaller additions are not worth a setting.
_MIN_SHOWN_BYTES = 50_000
#: How many packages the summary names.
_MAX_PACKAGES = 5


@click.command()
@click.argument("path", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="dist/<os>-<arch>",
    help="Folder for the bundle file.",
)
@click.option(
    "--one-file", is_flag=True, help="Make a file that unpacks itself at every start instead of once per host."
)
@click.option("--force", is_flag=True, help="Rebuild even if nothing changed.")
@python_option
@upgrade_option
@click.option("--lock", is_flag=True, help="Write the versions to the project's lock file: uv.lock, or pylock.toml.")
@click.option(
    "--check",
    metavar="COMMAND",
    default="",
    help="Test the file with this command before it appears.",
)
@click.option("--sbom", is_flag=True, help="Write a list of what is in the file beside it, in CycloneDX.")
@json_option
@quiet_option
@click.option("-v", "--verbose", is_flag=True, help="Show the output of uv and PyInstaller.")
@exit_on_error
def build(
    path: Path,
    output: Path | None,
    *,
    one_file: bool,
    force: bool,
    python: str,
    upgrade: bool,
    lock: bool,
    check: str,
    sbom: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Build the bundle file of a project.

    PATH is the project folder, by default the current folder. If nothing changed since the last build, the file is up
    to date and is not rebuilt.

    \b
    dagfloe build
    dagfloe build bundles/weather --output /opt/airflow/bundles
    dagfloe build --python 3.13 --upgrade
    dagfloe build --check "pytest -q"
    dagfloe build --sbom
    dagfloe build --json | jq -r .file
    """
    if quiet and verbose:
        raise UsageError("--quiet cannot be used with --verbose")
    folder = output or Path("dist") / platform_tag()
    start = time.monotonic()
    project = read_project(path)
    project = replace(project, python=python or project.python, sbom=sbom or project.sbom)
    if project.sbom:
        check_sbom_library()
    plan = BuildPlan(project, folder, one_file=one_file, upgrade=upgrade, lock=lock)
    built = None if force else plan.find_built()
    if built is None:
        built = _build(plan, quiet=quiet or as_json, verbose=verbose, check=check)
    else:
        run_author_tests(
            check, plan.target, project, lambda step: click.echo(f"{step} ...", err=True) if not quiet else None
        )
    written = None
    if project.sbom and built.inventory:
        written = write_sbom(project, built.path, built.inventory, built.manifest)
    if as_json:
        click.echo(json.dumps(describe_build(built, written), indent=2, sort_keys=True))
    elif not quiet:
        _print_summary(built, written, time.monotonic() - start, is_one_file=one_file)


def describe_build(built: BuiltBundle, sbom: Path | None) -> dict[str, Any]:
    """Return what `--json` prints. Names stay as they are; new ones may be added.

    Args:
        built: the bundle file.
        sbom: the list of what is in it, if the command wrote one.
    """
    return {
        "built": built.is_new,
        "bytes": built.size,
        "declared": [asdict(package) for package in built.declared],
        "dags": {dag_id: dag["tasks"] for dag_id, dag in built.manifest["dags"].items()},
        "file": str(built.path),
        "floor": built.manifest.get("floor"),
        "packages": [asdict(package) for package in built.packages],
        "sbom": str(sbom) if sbom else None,
        "seconds": round(built.seconds, 3),
        "sha256": built.manifest["digests"]["integrity"],
        "start": {"first_s": round(built.first_start_s, 4), "later_s": round(built.later_start_s, 4)},
        "unpacked_bytes": built.unpacked,
        "warnings": list(built.warnings),
    }


def _build(plan: BuildPlan, *, quiet: bool, verbose: bool, check: str) -> BuiltBundle:
    from dagfloe.build.pack import build_bundle  # noqa: PLC0415 - loads what only a build needs
    from dagfloe.cli.show.build_progress import BuildProgress  # noqa: PLC0415 - as above

    with BuildProgress(quiet=quiet and not verbose, verbose=verbose) as progress:
        return build_bundle(plan, progress, verbose=progress.wants_output, check=check)


def _print_summary(built: BuiltBundle, sbom: Path | None, seconds: float, *, is_one_file: bool) -> None:
    path = click.style(to_one_line(str(built.path)), bold=True)
    click.echo(f"Built {path} in {seconds:.1f} s" if built.is_new else f"{path} is up to date")
    later, first = built.later_start_s, built.first_start_s
    dags = ((dag_id, len(dag["tasks"])) for dag_id, dag in built.manifest["dags"].items())
    rows = {
        "Dags": ", ".join(f"{dag_id} ({count} task{'' if count == 1 else 's'})" for dag_id, count in dags),
        "size": f"{_megabytes(built.size)} MB, unpacked {_megabytes(built.unpacked)} MB",
        "largest": _largest_packages(built.packages),
        "startup": f"{later:.2f} s including imports, {first:.2f} s the first time on a host",
    }
    if declared := [package for package in built.declared if package.packed >= _MIN_SHOWN_BYTES]:
        rows["declared"] = f"{_largest_packages(declared)}, which nothing imports; `slim` leaves it out"
    if floor := built.manifest.get("floor"):
        rows["requires"] = ": ".join(filter(None, (describe_floor(floor), describe_cause(floor))))
    if sbom is not None:
        rows["sbom"] = to_one_line(str(sbom))
    for name, text in rows.items():
        click.echo(f"  {click.style(f'{name:<10}', dim=True)}{text}")
    warnings = [*built.warnings]
    if sbom is None and built.is_new and (old := sbom_path(built.path)).exists():
        warnings.append(f"{to_one_line(str(old))} describes an earlier file: build with --sbom to write it again")
    if is_one_file and first > STARTUP_BUDGET_S:  # a launcher connects to Airflow before it unpacks
        warnings.append(
            f"the first start took {first:.1f} s, and Airflow waits 10 s for a task to connect; {SLOW_START_CURE}"
        )
    for warning in warnings:
        click.echo(f"{click.style('warning', fg='yellow')}: {warning}", err=True)


def _largest_packages(packages: Sequence[PackageSize]) -> str:
    return ", ".join(f"{package.name} {_megabytes(package.packed)}" for package in packages[:_MAX_PACKAGES]) + " MB"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
