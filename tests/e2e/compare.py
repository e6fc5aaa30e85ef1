"""Measures time, memory and disk of four variants of a small task in a complete Airflow: `make airflow-compare`."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from e2e.__main__ import DAG_FILE
from e2e.instance import Airflow
from e2e.processes import interrupt_once

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "benchmarks" / "dags"
#: The Dags of the variants, and their names. Every task reads a variable, writes ten records and pushes an XCom.
VARIANTS = {
    "small": "bundle file",
    "ordinary": "ordinary Python task",
    "external": "ExternalPythonOperator, no Airflow in it",
    "virtualenv_lean": "PythonVirtualenvOperator, cached, no Airflow in it",
}
TIMED, WATCHED = 9, 5
MIB = 1024 * 1024
_DATES = ("queued_when", "start_date", "end_date")
MARK = "<!-- the figures of make airflow-compare -->"


class Run(NamedTuple):
    """The times of one run, in seconds."""

    queued_s: float
    running_s: float


def main() -> int:
    """Measure, and print the table. With `--publish`, write it into a page."""
    parser = argparse.ArgumentParser(prog="python -m e2e.compare", description=__doc__)
    parser.add_argument("version", help="of Airflow, such as 3.3.2; its environment is in .venvs")
    parser.add_argument("bundle", type=Path, help="the bundle file of the small task")
    parser.add_argument("dagfloe", type=Path, help="the folder that dagfloe is installed in, for the Dag processor")
    parser.add_argument("--publish", type=Path, metavar="PAGE", help="replace the table of this page")
    args = parser.parse_args()
    interrupt_once("\nStopping Airflow ...")
    with tempfile.TemporaryDirectory(prefix="dagfloe-compare-") as folder:
        table = "\n".join(_measure(Path(folder), args.version, args.bundle, args.dagfloe))
    sys.stdout.write(f"{table}\n")
    if args.publish:
        before, mark, after = args.publish.read_text("utf-8").partition(MARK)
        rest = after.partition(f"\n{MARK}")[2]
        args.publish.write_text(f"{before}{mark}\n\n{table}\n\n{MARK}{rest}", "utf-8")
    return 0


def _measure(root: Path, version: str, bundle: Path, dagfloe: Path) -> Iterator[str]:
    bundles, dags, plain, venvs = (root / name for name in ("bundles", "dags", "plain", "venvs"))
    for folder in (bundles, dags, venvs):
        folder.mkdir()
    shutil.copy2(bundle, bundles / "small")
    for name in set(VARIANTS) - {"small"}:
        shutil.copy2(DAGS / f"{name}.py", dags)
    (dags / "bundles.py").write_text(DAG_FILE)
    subprocess.run([sys.executable, "-m", "venv", plain], check=True)
    airflow = Airflow(version, root / "home", bundles, dags, dag_imports=dagfloe)
    airflow.env |= {"BENCH_PYTHON": str(plain / "bin" / "python"), "BENCH_VENVS": str(venvs)}
    with airflow:
        airflow.api.set_variable("name", "world")
        airflow.api.wait_dags(*VARIANTS)
        airflow.api.unpause(*VARIANTS)
        for dag_id in VARIANTS:
            _run(airflow, dag_id)  # unpacks the bundle file, and creates the environments
        timed: dict[str, list[Run]] = {dag_id: [] for dag_id in VARIANTS}
        for _ in range(TIMED):
            for dag_id, runs in timed.items():
                runs.append(_run(airflow, dag_id))
        peaks = {dag_id: statistics.median(_peak(airflow, dag_id) for _ in range(WATCHED)) for dag_id in VARIANTS}
        store = airflow.places.store
        disk = {
            "small": bundle.stat().st_size + _size(store),
            "external": _size(plain),
            "virtualenv_lean": _size(venvs),
        }
    yield (
        f"The contestants took turns in one Airflow {version}. "
        f"Times are medians of {TIMED} runs, memory is the median of {WATCHED}.\n"
    )
    yield "| | queued to started | started to finished | total | range | memory | disk |"
    yield "|---|---|---|---|---|---|---|"
    for dag_id, name in VARIANTS.items():
        totals = sorted(run.queued_s + run.running_s for run in timed[dag_id])
        queued_s, running_s = (statistics.median(times) for times in zip(*timed[dag_id], strict=True))
        space = f"{disk[dag_id] / MIB:.0f} MiB" if dag_id in disk else "that of Airflow"
        yield (
            f"| {name} | {queued_s:.2f} s | {running_s:.2f} s | {statistics.median(totals):.2f} s | "
            f"{totals[0]:.2f} to {totals[-1]:.2f} s | {peaks[dag_id] / MIB:.0f} MiB | {space} |"
        )


def _run(airflow: Airflow, dag_id: str) -> Run:
    run_id = airflow.api.trigger(dag_id)
    state = airflow.api.wait_run(dag_id, run_id)
    if state != "success":
        raise RuntimeError(f"{dag_id} is {state}: {airflow.api.log_text(dag_id, run_id, 'work')}")
    (instance,) = airflow.api.instances(dag_id, run_id)
    queued, started, ended = (datetime.fromisoformat(instance[name]) for name in _DATES)
    return Run((started - queued).total_seconds(), (ended - started).total_seconds())


def _peak(airflow: Airflow, dag_id: str) -> float:
    """Run the task, and return the most memory that Airflow's processes use in addition, in bytes."""
    done = threading.Event()
    before, increases = _memory(airflow), [0.0]

    def watch() -> None:
        while not done.is_set():
            increases.append(_memory(airflow) - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _run(airflow, dag_id)
    finally:
        done.set()
        watcher.join()
    return max(increases)


def _memory(airflow: Airflow) -> float:
    """The memory of the scheduler and all its descendants in bytes; a shared page counts once."""
    total = 0
    for pid in _descendants(airflow.pid_of("scheduler")):
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except OSError:  # the process has ended
            continue
    return total


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _descendants(int(child))
    except OSError:  # the process has ended
        return


def _size(folder: Path) -> int:
    """The size of a folder on the disk in bytes; a file with several names counts once."""
    statuses = map(os.lstat, folder.rglob("*"))
    return sum({(status.st_dev, status.st_ino): status.st_blocks * 512 for status in statuses}.values())


if __name__ == "__main__":
    sys.exit(main())
