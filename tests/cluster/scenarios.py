"""The scenarios in which every worker lives: first starts, many tasks, new versions, and servers that restart."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from cluster.cluster import SHORT_TIMEOUT_S
from cluster.row import BUNDLE, Row
from cluster.trial import Trial
from dagfloe.build.program_store import ProgramStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cluster.cluster import Cluster

#: The Dags of the example bundles.
EXAMPLES = ("hello", "orders", "weather")
BROKER_AWAY_S = 3


def cold_store(cluster: Cluster) -> Iterator[Row]:
    """The first 16 tasks of a file start at once on two workers: each worker unpacks it once."""
    trial = Trial(cluster, "steps", count=16, seconds=2)
    row = trial.finish("cold store, 8 tasks at once on each worker")
    for name in ("worker-a", "worker-b"):
        programs = [program.name for program in ProgramStore(cluster.hosts[name].store).programs()]
        row.require(is_met=programs.count("cluster") == 1, otherwise=f"programs in the store of {name}: {programs}")
    row.require(is_met=row.retried == 0, otherwise=f"{row.retried} retried")
    yield row


def mapped(cluster: Cluster) -> Iterator[Row]:
    """Two hundred short tasks; then the same as ordinary tasks."""
    for dag_id in ("steps", "ordinary_steps"):
        row = Trial(cluster, dag_id, count=200).finish("200 mapped tasks")
        if row.tasks == BUNDLE:
            row.require(is_met=row.retried == 0, otherwise=f"{row.retried} retried")
            row.require(is_met="worker-a" in row.note and "worker-b" in row.note, otherwise="one worker did nothing")
        yield row


def examples(cluster: Cluster) -> Iterator[Row]:
    """The example Dags, one of which asks a person; and meanwhile tasks on an Edge worker."""
    cluster.ensure_workers("edge-c")
    began = time.monotonic()
    edge = Trial(cluster, "edge_steps", count=24)
    runs = {dag_id: cluster.api.trigger(dag_id) for dag_id in EXAMPLES}
    orders = runs["orders"]
    cluster.api.wait_task("orders", orders, "approve", {"awaiting_input", "deferred"})
    cluster.api.answer("orders", orders, "approve", ["yes"])
    states = {dag_id: cluster.api.wait_run(dag_id, run_id) for dag_id, run_id in runs.items()}
    instances = [i for dag_id, run_id in runs.items() for i in cluster.api.instances(dag_id, run_id)]
    ended = sum(instance["state"] in ("success", "skipped") for instance in instances)
    row = Row(
        "the example Dags",
        BUNDLE,
        instances=len(instances),
        succeeded=ended,
        retried=sum(instance["try_number"] > 1 for instance in instances),
        lost=len(instances) - ended,
        doubled=None,
        orphans=0,
        seconds=time.monotonic() - began,
        note="one of two branches was skipped; the first try of one task fails on purpose",
    )
    row.require(is_met=set(states.values()) == {"success"}, otherwise=f"runs: {states}")
    yield row
    row = edge.finish("Edge: 24 tasks")
    row.require(is_met=row.retried == 0, otherwise=f"{row.retried} retried")
    yield row


def rollout(cluster: Cluster, second: Path) -> Iterator[Row]:
    """A new version of the file replaces the old one on one worker after the other, while tasks run."""
    trial = Trial(cluster, "steps", count=80, seconds=1)
    for number, name in enumerate(("worker-a", "worker-b"), 1):
        trial.wait_for("end", 20 * number)
        folder = cluster.hosts[name].bundles
        partial = folder / ".cluster"
        partial.write_bytes(second.read_bytes())
        partial.chmod(0o755)
        partial.replace(folder / "cluster")
    row = trial.finish("a new version, by `mv` on one worker after the other")
    versions = [record.version for record in trial.records() if record.event == "end"]
    row.note += f"; {versions.count(1)} of version 1, {versions.count(2)} of version 2"
    row.require(is_met=row.retried == 0, otherwise=f"{row.retried} retried")
    row.require(is_met=set(versions) == {1, 2}, otherwise=f"versions {set(versions)}")
    yield row


def assets(cluster: Cluster) -> Iterator[Row]:
    """An asset event starts a Dag whose tasks defer, and resume on any worker."""
    before = {run["dag_run_id"] for run in cluster.api.dag_runs("follows")}
    yield Trial(cluster, "makes", "make").finish("asset events: the producer")

    def started() -> list[str]:
        return [run["dag_run_id"] for run in cluster.api.dag_runs("follows") if run["dag_run_id"] not in before]

    trial = Trial(cluster, "follows", "wait", cluster.api.wait("run of follows", started)[0])
    row = trial.finish("asset events and deferral: the consumer")
    places: dict[int, set[str]] = {}
    for record in trial.records():
        places.setdefault(record.key.map_index, set()).add(record.host)
    row.note += f"; {sum(len(hosts) > 1 for hosts in places.values())} resumed on the other worker"
    yield row


def api_restart(cluster: Cluster) -> Iterator[Row]:
    """The API server restarts while tasks run, bundle files and ordinary ones."""
    trials = [Trial(cluster, dag_id, count=32, seconds=4) for dag_id in ("steps", "ordinary_steps")]
    for trial in trials:
        trial.wait_for("begin", 8)
    began = time.monotonic()
    cluster.stop("api-server", signal.SIGTERM)
    cluster.start("api-server")
    cluster.wait_until_healthy()
    away = time.monotonic() - began
    for trial in trials:
        row = trial.finish("the API server restarts")
        row.note += f"; away for {away:.0f} s"
        yield row


def broker_restart(cluster: Cluster) -> Iterator[Row]:
    """Redis restarts while tasks run and others wait in it."""
    trial = Trial(cluster, "steps", count=64, seconds=2)
    trial.wait_for("end", 8)
    cluster.broker.stop()
    time.sleep(BROKER_AWAY_S)
    cluster.broker.start()
    row = trial.finish("the broker restarts")
    row.note += f"; away for {BROKER_AWAY_S} s"
    yield row


def scheduler_killed(cluster: Cluster) -> Iterator[Row]:
    """The scheduler is killed while tasks run, and started again."""
    trial = Trial(cluster, "steps", count=64, seconds=2)
    trial.wait_for("end", 8)
    cluster.stop("scheduler", signal.SIGKILL)
    cluster.heartbeat_timeout_s = SHORT_TIMEOUT_S  # for the scenarios that follow
    cluster.start("scheduler")
    yield trial.finish("the scheduler is killed and started again")
