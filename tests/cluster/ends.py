"""The scenarios in which a worker ends while it runs bundle files and, beside them, the same as ordinary tasks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.cluster import ClusterError
from cluster.row import BUNDLE
from cluster.trial import GRACE_S, Trial, bundle_processes
from cluster.worker import FULL_DISK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cluster.cluster import Cluster
    from cluster.row import Row
    from cluster.worker import Worker

#: The workers that end.
CELERY, EDGE = "worker-b", "edge-c"
#: Where their tasks run again.
OTHERS = {CELERY: "worker-a", EDGE: "edge-d"}
POLL_S = 0.05


@dataclass(frozen=True)
class Plan:
    """A run to start.

    Attributes:
        dag_id: its Dag.
        children: whether half of its tasks start a child process.
        tasks: how many tasks it has.
    """

    dag_id: str
    children: bool = False
    tasks: int = 8


#: The runs on the Celery workers and on the Edge worker that are killed.
KILLED = {
    CELERY: [
        Plan("steps"),
        Plan("ordinary_steps"),
        Plan("steps", children=True),
        Plan("ordinary_steps", children=True),
    ],
    EDGE: [Plan("edge_steps", children=True), Plan("ordinary_edge_steps", children=True)],
}
#: The runs on those that get a SIGTERM.
TERMINATED = {
    CELERY: [Plan("steps", tasks=40), Plan("ordinary_steps")],
    EDGE: [Plan("edge_steps", children=True, tasks=4), Plan("ordinary_edge_steps", children=True, tasks=4)],
}


@dataclass
class Victim:
    """A run whose tasks wait for `Trial.release`, and a worker that will end.

    Attributes:
        name: the worker's name.
        worker: the worker.
        trial: the run.
        plan: what the run is.
        processes: how many processes of tasks run on the worker.
        seconds: how long these lived after the signal.
    """

    name: str
    worker: Worker
    trial: Trial
    plan: Plan
    processes: int = 0
    seconds: float = 0

    def row(self, end: str, at: float) -> Row:
        """Wait for the run, and make its line.

        Args:
            end: how the worker ended.
            at: the time of its end, in seconds since the epoch.
        """
        label = "Edge: " if self.name == EDGE else ""
        row = self.trial.finish(label + end + (", tasks with child processes" if self.plan.children else ""))
        row.note += f"; {self.processes} processes ran on {self.name}"
        row.note += f", gone after {self.seconds:.1f} s" if self.seconds < GRACE_S else f", and still after {GRACE_S} s"
        if (again := self.trial.again_after(at)) is not None:
            row.note += f"; second tries after {again:.0f} s"
        return row


def killed(cluster: Cluster) -> Iterator[Row]:
    """SIGKILL of a Celery worker's group, and of an Edge worker with its supervisors, each in a group of its own."""
    cluster.shorten_heartbeat_timeout()
    victims = _start(cluster, KILLED)
    cluster.workers.pop(CELERY).kill_group()
    cluster.workers.pop(EDGE).kill({pid for victim in victims for pid in victim.trial.living(victim.worker)})
    since, at = time.monotonic(), time.time()
    _watch(victims, since)
    _count_orphans(victims)
    for victim in victims:
        victim.trial.release()
    for victim in victims:
        yield victim.row("SIGKILL of a worker and its supervisors", at)


def terminated(cluster: Cluster) -> Iterator[Row]:
    """SIGTERM to the group of a worker, as systemd sends it by default: the tasks run again elsewhere."""
    victims = _start(cluster, TERMINATED, alone=EDGE)
    since, at = time.monotonic(), time.time()
    workers = [cluster.workers.pop(name) for name in TERMINATED]
    for worker in workers:
        worker.terminate(group=True)
    _watch(victims, since)
    for victim in victims:
        victim.trial.release()
    for worker in workers:
        worker.wait()
    _count_orphans(victims)
    for victim in victims:
        began = sum(record.event == "begin" for record in victim.trial.records_of(victim.name, 1))
        row = victim.row("SIGTERM to a worker's group, `retries=3`", at)
        if row.tasks == BUNDLE:
            row.require(is_met=row.retried == began, otherwise=f"{row.retried} of {began} ran again")
        yield row


def warm_shutdown(cluster: Cluster) -> Iterator[Row]:
    """SIGTERM to the worker alone: it takes no more tasks, and waits for those that run."""
    victims = _start(cluster, {CELERY: [Plan("steps"), Plan("ordinary_steps")]})
    since, at = time.monotonic(), time.time()
    worker = cluster.workers.pop(CELERY)
    worker.terminate(group=False)
    _watch(victims, since)
    for victim in victims:
        victim.trial.release()
    worker.wait()
    for victim in victims:
        row = victim.row("warm shutdown of a worker", at)
        if row.tasks == BUNDLE:
            row.require(is_met=row.retried == 0, otherwise=f"{row.retried} retried")
        yield row


def full_disk(cluster: Cluster, name: str = CELERY) -> Iterator[Row]:
    """The cache folder of a worker is full: the launcher takes the next folder."""
    cluster.end_worker(name)
    cluster.start_worker(name, FULL_DISK)
    row = Trial(cluster, "steps", count=48, seconds=1).finish("the cache folder of one worker is full")
    row.require(is_met=row.retried == 0, otherwise=f"{row.retried} retried")
    row.require(is_met=name in row.note, otherwise=f"{name} did nothing")
    yield row


def gate(cluster: Cluster, name: str = CELERY) -> Iterator[Row]:
    """A worker without the file waits for it, and takes no task before."""
    cluster.ensure_workers("worker-a")
    cluster.end_worker(name)
    folder = cluster.hosts[name].bundles
    away = folder.with_name("away")
    (folder / "cluster").rename(away)
    cluster.start_worker(name, require="steps")
    row = Trial(cluster, "steps", count=40).finish("one worker without the file, and with a gate")
    row.require(is_met=row.retried == 0, otherwise=f"{row.retried} retried")
    row.require(is_met=name not in row.note, otherwise=f"{name} did something")
    yield row
    seen = cluster.log(name).stat().st_size
    away.rename(folder / "cluster")
    cluster.wait_for_worker(name, seen)
    row = Trial(cluster, "steps", count=40).finish("the same after the file has come")
    row.require(is_met=row.retried == 0, otherwise=f"{row.retried} retried")
    row.require(is_met=name in row.note, otherwise=f"{name} did nothing")
    yield row


def _start(cluster: Cluster, plans: Mapping[str, Sequence[Plan]], alone: str = "") -> list[Victim]:
    """Start runs, and wait until all of their tasks wait for `Trial.release`.

    Args:
        cluster: the Airflow.
        plans: the runs by the name of the worker that will end.
        alone: the worker that all tasks of its runs begin on, because the other one starts later.
    """
    if alone:
        cluster.end_worker(OTHERS[alone])
    cluster.ensure_workers(*plans, *(OTHERS[name] for name in plans if name != alone))
    victims = []
    for name, found in plans.items():
        for plan in found:
            trial = Trial(cluster, plan.dag_id, count=plan.tasks, children=plan.children, hold=True)
            victims.append(Victim(name, cluster.workers[name], trial, plan))
    for victim in victims:
        victim.trial.wait_for("begin", victim.plan.tasks)
        if victim.plan.children:
            victim.trial.wait_for("child", victim.plan.tasks // 2)
    if alone:
        cluster.ensure_workers(OTHERS[alone])
    for victim in victims:
        victim.processes = len(victim.trial.living(victim.worker))
    if not bundle_processes(cluster):
        raise ClusterError(f"these tasks run, but no process of a bundle file was found: {cluster.processes()}")
    return victims


def _watch(victims: Sequence[Victim], since: float) -> None:
    """See how long the processes of tasks live after a signal, at most 3 s.

    Args:
        victims: the runs.
        since: the time of the signal, on the monotonic clock.
    """
    left = list(victims)
    while left and time.monotonic() < since + GRACE_S:
        for victim in [victim for victim in left if not victim.trial.living(victim.worker)]:
            victim.seconds = time.monotonic() - since
            left.remove(victim)
        time.sleep(POLL_S)
    for victim in left:
        victim.seconds = GRACE_S


def _count_orphans(victims: Sequence[Victim]) -> None:
    """Count the processes of tasks that live, although their worker has ended."""
    for victim in victims:
        victim.trial.orphans |= victim.trial.living(victim.worker)
