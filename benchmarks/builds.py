"""Measures builds of bundle files, and the sizes of all programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.host import Host, new_host
from benchmarks.report import Limit, Row, Table, rows_of
from benchmarks.samples import Spread, ratios
from dagfloe.build.project import read_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.files import Files

TOOL = Path(sys.executable).with_name("dagfloe")
TIMEOUT_S = 900
LIMIT = 0.5
#: Of the time that a first build takes with an environment of venv and pip.
PIP_LIMIT = 0.6


def builds(files: Files, what: str, project: Path, rounds: int) -> Table:
    """Measure a build without a cache, one with a cached environment, and one after a change of the code.

    Each round also measures a build without a cache whose environment venv and pip make.
    """
    with_pip, first, with_environment, again = [], [], [], []
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="build-", dir=files.scratch) as name:
            copy = Path(name, project.name)
            shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__"))
            with_pip.append(build(copy, Path(name, "old"), [sys.executable, "-m", "benchmarks.pip_build"]))
            first.append(build(copy, Path(name), [str(TOOL), "build", "--force"]))
            shutil.rmtree(Path(name, "cache", "analyses"))
            with_environment.append(build(copy, Path(name), [str(TOOL), "build", "--force"]))
            with read_project(copy).source_file.open("a", encoding="utf-8") as file:
                file.write(f"\nNUMBER = {number}\n")
            again.append(build(copy, Path(name), [str(TOOL), "build", "--force"]))
    figures = {
        "first build, environment included": first,
        "first build with venv, pip and PyInstaller's own scan": with_pip,
        "first build, environment kept": with_environment,
        "only the author's code changed": again,
    }
    return Table(
        f"Builds of the {what}",
        "`dagfloe build`, with the packages already in the caches of uv and pip.",
        rows_of("s", figures),
        (
            Limit(f"{what}, first build / first build with venv and pip", ratios(first, with_pip), PIP_LIMIT),
            Limit(f"{what}, rebuild / first build", ratios(again, first), LIMIT),
            Limit(f"{what}, rebuild / first build with the environment kept", ratios(again, with_environment), LIMIT),
        ),
    )


def build(project: Path, folder: Path, tool: Sequence[str]) -> float:
    """Build a project with its caches in a folder. Returns the seconds."""
    env = {**os.environ, "DAGFLOE_CACHE_DIR": str(folder / "cache")}
    start = time.perf_counter()
    command = [*tool, str(project), "--output", str(folder / "out")]
    answer = subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if answer.returncode:
        raise RuntimeError(f"the build failed: {answer.stderr[-1000:]}")
    return time.perf_counter() - start


def sizes(files: Files) -> Table:
    """The sizes of the programs, and of the unpacked bundle files."""
    return Table(
        "Sizes",
        "A host unpacks each version once, independent of the number of tasks.",
        (
            *file_rows("small task", files.small, files.small_stock),
            Row("small task, dagfloe's one-file form", "MB", megabytes(files.small_one_file.stat().st_size)),
            *file_rows("pandas task", files.weather, files.weather_stock),
            Row("small task, unpacked on a host", "MB", unpacked(files.small, files.scratch)),
            Row("pandas task, unpacked on a host", "MB", unpacked(files.weather, files.scratch)),
        ),
    )


def file_rows(what: str, bundle: Path, stock: Path) -> tuple[Row, Row]:
    """The sizes of a task's bundle file and of PyInstaller's program."""
    return (
        Row(f"{what}, bundle file", "MB", megabytes(bundle.stat().st_size)),
        Row(f"{what}, PyInstaller's own one-file form", "MB", megabytes(stock.stat().st_size)),
    )


def unpacked(file: Path, scratch: Path) -> Spread:
    """The size of an unpacked bundle file; hard links count once."""
    with new_host(scratch) as host:
        subprocess.run(
            [str(TOOL), "cache", "warm", str(file)], env=host.env, check=True, timeout=60, capture_output=True
        )
        return megabytes(disk_bytes(host))


def disk_bytes(host: Host) -> int:
    """The bytes of all files of a host; hard links count once."""
    return sum({inode: size for inode, size, _, _ in host.snapshot().values()}.values())


def megabytes(size: int) -> Spread:
    """A size in MB."""
    return Spread.of([size / 1e6])
