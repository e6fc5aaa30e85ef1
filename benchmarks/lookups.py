"""Measures how long Airflow's coordinator looks for the bundle file of a task, in a folder of 100 bundle files."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.report import Limit, Table, rows_of
from benchmarks.samples import Spread, alternate, ratios
from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.manifest import render_manifest
from dagfloe.format.trailer import Trailer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.files import Files

DEADLINE_S = 300
COUNT = 100
LIMIT, LIMIT_MS = 0.5, 150
_LOOKUPS = 5
WORKER = Path(__file__).with_name("lookup_worker.py")
OURS, ALL_YAML = f"{COUNT} files of dagfloe", "the same fields, all in YAML"
#: The executable region is short, because its digest is not what is measured.
_BINARY = b"#!/bin/sh\n"


def measure(files: Files, rounds: int) -> Table:
    """Measure lookups of the Dag whose file Airflow reads last."""
    folders = files.scratch / "lookups"
    shutil.rmtree(folders, ignore_errors=True)
    manifest = read_bundle(files.orders).manifest
    try:
        dag_ids = {
            OURS: write_files(folders / "ours", manifest, render_manifest),
            ALL_YAML: write_files(folders / "yaml", manifest, lambda fields: yaml.safe_dump(fields).encode()),
        }
        figures = alternate(
            {
                OURS: lambda: look_up(files, folders / "ours", dag_ids[OURS]),
                ALL_YAML: lambda: look_up(files, folders / "yaml", dag_ids[ALL_YAML]),
            },
            rounds,
        )
    finally:
        shutil.rmtree(folders)
    return Table(
        "Lookup of a task's bundle file",
        "Before each task, Airflow's coordinator reads the manifests in its folder up to the one with the task's Dag. "
        f"Here, it is the last of {COUNT}, each with the manifest of the example `orders`. Measured is the processor "
        "time of Airflow's own coordinator after its first lookup. The first one also computes the digests of the "
        "files, once in each process of a worker.",
        rows_of("ms", figures),
        (
            Limit(f"{OURS} / {ALL_YAML}", ratios(figures[OURS], figures[ALL_YAML]), LIMIT),
            Limit(f"{OURS}, ms of processor time", Spread.of(figures[OURS]), LIMIT_MS),
        ),
    )


def write_files(folder: Path, manifest: Mapping[str, Any], render: Callable[[dict[str, Any]], bytes]) -> str:
    """Write the files of a folder. Return the dag_id of the one that Airflow reads last."""
    folder.mkdir(parents=True)
    (dag,) = manifest["dags"].values()
    for number in range(COUNT):
        rendered = render({**manifest, "dags": {f"dag_{number:03}": dag}})
        file = folder / f"bundle_{number:03}"
        file.write_bytes(_BINARY + rendered + Trailer(0, len(rendered), hashlib.sha256(_BINARY).digest()).pack())
        file.chmod(0o755)
    last = list(folder.iterdir())[-1]  # in the order in which Airflow reads them
    return f"dag_{last.name.removeprefix('bundle_')}"


def look_up(files: Files, folder: Path, dag_id: str) -> float:
    """Look a Dag up in a new process, a few times. Return the median of the processor times, in milliseconds."""
    command = [str(files.airflow_python), str(WORKER), str(folder), dag_id, str(_LOOKUPS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=True)
    return median(map(float, done.stdout.split()))
