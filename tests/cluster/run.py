"""Runs the scenarios, and writes their results for docs/evidence/cluster.md: `make airflow-cluster`.

The exit status is 1 if a scenario failed. Then it prints where the logs are.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import ends, scenarios
from cluster.cluster import Cluster, ClusterError
from cluster.engines import EngineError
from cluster.page import about, write, write_throughput
from cluster.throughput import describe, measure
from cluster.trial import end_children, leftovers
from e2e.__main__ import DAG_FILE
from e2e.api import ApiError, DeadlineError
from e2e.places import ROOT
from e2e.processes import interrupt_once
from e2e.settings import newer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cluster.row import Row

HERE = Path(__file__).parent
CACHE = ROOT / ".cache" / "cluster"
PROJECT = ROOT / "tests" / "demo" / "cluster"
VERSION = ("VERSION = 1", "VERSION = 2")
DAGS = ("steps", "edge_steps", "ordinary_steps", "ordinary_edge_steps", "makes", "follows")
BUILD_DEADLINE_S = 900
#: What the logs are copied without.
BULKY = ("postgres", "redis", ".cache", "bundles", "tmp")


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="of Airflow, such as 3.3.2; its environment is in .venvs")
    parser.add_argument("dist", type=Path, help="the folder of the example bundles")
    parser.add_argument("dagfloe", type=Path, help="the folder that dagfloe is installed in, for the Dag processor")
    parser.add_argument("--quick", action="store_true", help="run the short form")
    parser.add_argument("--only", default="", help="names of scenarios, separated by commas")
    parser.add_argument("--results", type=Path, help="the file to write the results to, if all scenarios end")
    parser.add_argument("--throughput", default="", help="instead: numbers of task instances, separated by commas")
    options = parser.parse_args()
    counts = [int(count) for count in filter(None, options.throughput.split(","))]
    names = list(filter(None, options.only.split(","))) or _names(options)
    if unknown := set(names) - set(SCENARIOS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; the scenarios are {', '.join(SCENARIOS)}")
    interrupt_once("\nStopping Airflow ...")
    root = Path(tempfile.mkdtemp(prefix="dagfloe-cluster-"))
    began = time.monotonic()
    rows: list[Row] = []
    is_complete = False
    try:
        is_complete = _run(root, options, names, counts, rows)
    except KeyboardInterrupt:
        return 1
    finally:
        shutil.rmtree(CACHE / "failed", ignore_errors=True)
        if not is_complete or any(row.faults for row in rows):
            _say(f"The logs are in {_keep_logs(root)}")
        shutil.rmtree(root)
    seconds = time.monotonic() - began
    _say(f"{seconds:.0f} s in all")
    if is_complete and options.results:
        venv = ROOT / ".venvs" / f"cluster-{options.version}"
        write(options.results, options.version, about(venv, options.version), [asdict(row) for row in rows], seconds)
    return int(not is_complete or any(row.faults for row in rows))


def _run(root: Path, options: argparse.Namespace, names: list[str], counts: list[int], rows: list[Row]) -> bool:
    """Start the Airflow, and add the rows of each scenario; return whether all have ended."""
    began = time.monotonic()
    first, second = _build(PROJECT, "cluster"), _build(_variant(), "cluster-2")
    try:
        with _prepared(root, options, first) as cluster:
            _open(cluster)
            _say(f"Airflow {options.version} with two workers: {time.monotonic() - began:.0f} s")
            if counts:
                write_throughput(about(cluster.places.venv, options.version), describe(measure(cluster, counts)))
                return True
            for name in names:
                at = time.monotonic()
                found = list(SCENARIOS[name](cluster, second))
                end_children(cluster)
                if left := leftovers(cluster):
                    found[0].faults.append(f"left: {left}")
                rows += found
                for row in found:
                    _say(row.describe())
                _say(f"  ({name}: {time.monotonic() - at:.0f} s)")
    except (ApiError, ClusterError, DeadlineError, EngineError, OSError, subprocess.SubprocessError) as error:
        _say(f"{type(error).__name__}: {error}")
        return False
    return True


def _prepared(root: Path, options: argparse.Namespace, bundle: Path) -> Cluster:
    """An Airflow that has the Dags and the bundle files, before its start."""
    cluster = Cluster(options.version, root, options.dagfloe)
    files = [bundle, *(options.dist / name for name in scenarios.EXAMPLES)]
    for folder in (cluster.places.bundles, *(host.bundles for host in cluster.hosts.values())):
        for file in files:
            shutil.copy2(file, folder)
    (cluster.places.dags / "bundles.py").write_text(DAG_FILE)
    shutil.copy(HERE / "dags" / "ordinary.py", cluster.places.dags)
    shutil.copy(PROJECT / "steps.py", cluster.places.dags)
    return cluster


def _open(cluster: Cluster) -> None:
    """Start two workers, and wait for the Dags."""
    database = cluster.places.home / "weather"
    database.mkdir()
    database.chmod(0o777)
    (database / "weather.db").touch()
    (database / "weather.db").chmod(0o666)
    cluster.api.set_connection("weather_db", "sqlite", host=str(database / "weather.db"))
    cluster.ensure_workers("worker-a", "worker-b")
    cluster.api.wait_dags(*DAGS, *scenarios.EXAMPLES)
    cluster.api.unpause(*DAGS, *scenarios.EXAMPLES)


def _variant() -> Path:
    """The folder of the project with another version."""
    folder = CACHE / "projects" / "cluster-2"
    folder.mkdir(parents=True, exist_ok=True)
    for file in PROJECT.glob("*.*"):
        content = file.read_text("utf-8").replace(*VERSION)
        copied = folder / file.name
        if not copied.exists() or copied.read_text("utf-8") != content:
            copied.write_text(content, "utf-8")
    return folder


def _build(project: Path, name: str) -> Path:
    """Build a bundle file if it is out of date."""
    output = CACHE / "files" / name
    command = [str(Path(sys.executable).parent / "dagfloe"), "build", str(project), "--output", str(output), "--quiet"]
    subprocess.run(command, check=True, timeout=BUILD_DEADLINE_S)
    return output / "cluster"


def _keep_logs(root: Path) -> Path:
    """Copy the logs to a folder that stays."""
    folder = CACHE / "failed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root, folder, symlinks=True, ignore=shutil.ignore_patterns(*BULKY))
    return folder


def _say(message: str) -> None:
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def _names(options: argparse.Namespace) -> list[str]:
    if options.quick:
        return QUICK_34 if newer(options.version) else QUICK
    return list(SCENARIOS)


def _plain(scenario: Callable[[Cluster], Iterator[Row]]) -> Callable[[Cluster, Path], Iterator[Row]]:
    return lambda cluster, _second: scenario(cluster)


#: The scenarios in their order: those that end `worker-b` precede one that starts it.
SCENARIOS: dict[str, Callable[[Cluster, Path], Iterator[Row]]] = {
    "cold-store": _plain(scenarios.cold_store),
    "mapped": _plain(scenarios.mapped),
    "examples": _plain(scenarios.examples),
    "rollout": scenarios.rollout,
    "assets": _plain(scenarios.assets),
    "api-restart": _plain(scenarios.api_restart),
    "broker-restart": _plain(scenarios.broker_restart),
    "scheduler-killed": _plain(scenarios.scheduler_killed),
    "killed": _plain(ends.killed),
    "full-disk": _plain(ends.full_disk),
    "terminated": _plain(ends.terminated),
    "gate": _plain(ends.gate),
    "warm-shutdown": _plain(ends.warm_shutdown),
}
#: The short form. When the scheduler of 3.4.0b2 starts the next try of a mapped task that gave no sign of life, it ends
#: with an IntegrityError, so that nothing can be seen after a SIGKILL.
QUICK = ["cold-store", "assets", "killed", "terminated"]
QUICK_34 = ["cold-store", "assets", "rollout", "terminated", "warm-shutdown"]


if __name__ == "__main__":
    sys.exit(main())
