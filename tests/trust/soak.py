"""Runs thousands of tasks, and compares the first tenth with the last one: `python -m trust.soak FILE AIRFLOW_PYTHON`.

It writes .cache/soak.json, which `make trust` shows on its page.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.airflow_starts import Worker
from benchmarks.host import Host, new_host, run
from benchmarks.starts import SMALL
from dagfloe.local.store.store import Store
from trust.page import SOAK_RESULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

IN_A_ROW, AT_ONCE, REAL = 10_000, 200, 1_000
#: How often 200 tasks run at once.
ROUNDS = 5


class Figures:
    """What a run of tasks costs its supervisor.

    Args:
        host: the folders of the worker.
        supervisor: the supervisor's process.
    """

    def __init__(self, host: Host, supervisor: psutil.Process) -> None:
        self._host, self._supervisor = host, supervisor
        self._before = set(host.snapshot())
        self._memory: list[float] = []
        self._descriptors: list[int] = []
        self._durations: list[float] = []
        self._failed = 0

    def add(self, milliseconds: float | None) -> None:
        """Add a task: its duration, or None if it failed."""
        if milliseconds is None:
            self._failed += 1
        else:
            self._durations.append(milliseconds)
        self._memory.append(self._supervisor.memory_info().rss / 1e6)
        self._descriptors.append(self._supervisor.num_fds())

    def result(self) -> dict[str, Any]:
        """The figures of the first and of the last tenth."""
        tenth = len(self._durations) // 10
        parts = (self._durations[:tenth], self._durations[-tenth:])
        names = [process.name() for process in psutil.process_iter() if self._is_ours(process)]
        changed = set(self._host.snapshot()) - self._before
        return {
            "tasks": len(self._durations) + self._failed,
            "failed": self._failed,
            "memory": [round(statistics.median(part)) for part in (self._memory[:tenth], self._memory[-tenth:])],
            "descriptors": [max(part) for part in (self._descriptors[:tenth], self._descriptors[-tenth:])],
            "slowest": [round(statistics.quantiles(part, n=100)[98]) for part in parts],
            "left": len(names) + len(changed),
        }

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return str(self._host.root) in process.environ().get("DAGFLOE_CACHE_DIR", "") and (
                process.pid != self._supervisor.pid
            )
        except psutil.Error:
            return False


def _run_one(file: Path, host: Host, number: int) -> float | None:
    store = Store()
    store.set_variable("name", "world")
    began = time.monotonic()
    try:
        run([str(file)], host.env, store, SMALL, map_index=number)
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return None
    return (time.monotonic() - began) * 1000


def in_a_row(file: Path, scratch: Path) -> dict[str, Any]:
    """Run tasks one after the other under the embedded supervisor."""
    with new_host(scratch) as host:
        _run_one(file, host, 0)
        figures = Figures(host, psutil.Process())
        for number in range(IN_A_ROW):
            figures.add(_run_one(file, host, number))
        return figures.result()


def at_once(file: Path, scratch: Path) -> dict[str, Any]:
    """Run tasks at the same time under the embedded supervisor, some times in a row."""
    with new_host(scratch) as host:
        _run_one(file, host, 0)
        figures = Figures(host, psutil.Process())
        for _ in range(ROUNDS):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for duration in pool.map(lambda number: _run_one(file, host, number), range(AT_ONCE)):
                    figures.add(duration)
        return figures.result()


def under_airflow(file: Path, scratch: Path, python: Path) -> dict[str, Any]:
    """Run tasks one after the other under Airflow's own supervisor."""
    with new_host(scratch) as host:
        bundles = host.root / "bundles"
        bundles.mkdir()
        (bundles / file.name).hardlink_to(file)
        worker = Worker(python, {**host.env, "AIRFLOW_HOME": str(host.root / "airflow")})
        with closing(worker):
            for _ in range(20):  # the first ones load modules and create Airflow's own files
                worker.run(root=str(bundles), dag_id=SMALL[0])
            figures = Figures(host, psutil.Process(worker.pid))
            for _ in range(REAL):
                figures.add(float(worker.run(root=str(bundles), dag_id=SMALL[0])["seconds"]) * 1000)
            return figures.result()


def main(arguments: Sequence[str]) -> int:
    """Run all, and write the results.

    Args:
        arguments: the bundle file of the small task, and the Python of an Airflow.
    """
    file, python = Path(arguments[0]).absolute(), Path(arguments[1]).absolute()
    scratch = SOAK_RESULTS.with_name("soak")
    runs: dict[str, Callable[[], dict[str, Any]]] = {
        "one after the other, Airflow's supervisor": lambda: under_airflow(file, scratch, python),
        f"{AT_ONCE} at once, {ROUNDS} times, embedded supervisor": lambda: at_once(file, scratch),
        "one after the other, embedded supervisor": lambda: in_a_row(file, scratch),
    }
    results: dict[str, dict[str, Any]] = {}
    for name, perform in runs.items():
        results[name] = perform()
        sys.stdout.write(f"{name}: {json.dumps(results[name])}\n")
        sys.stdout.flush()
        SOAK_RESULTS.write_text(json.dumps(results, indent=1), "utf-8")
    return int(any(result["failed"] or result["left"] for result in results.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
