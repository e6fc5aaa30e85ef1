"""Measures how many task instances two workers run, and what one costs: `make airflow-cluster-throughput`."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.cluster import Cluster

#: The Dag of bundle files, and that of ordinary tasks.
DAGS = ("steps", "ordinary_steps")
#: How many tasks wait at once when their memory is measured.
HELD = 16
#: For a run of the most task instances.
DEADLINE_S = 3600
MIB = 1024 * 1024
_TICKS = os.sysconf("SC_CLK_TCK")
#: Where the processor's time goes, by the first words of the command lines.
PARTS = ("workers", "scheduler", "API server", "PostgreSQL")


@dataclass
class Cost:
    """What a run cost.

    Attributes:
        tasks: `bundle file` or `ordinary`.
        instances: the task instances.
        seconds: from the first begin to the last end.
        processor_s: the seconds of processor of each part, for one task instance.
        memory: the bytes of a waiting task with its supervisor; a shared page counts once.
    """

    tasks: str
    instances: int
    seconds: float
    processor_s: dict[str, float]
    memory: float


def measure(cluster: Cluster, counts: Iterable[int]) -> list[Cost]:
    """Run the Dags with each count in turn.

    Args:
        cluster: the Airflow.
        counts: the numbers of task instances.

    Raises:
        RuntimeError: a task instance was lost, doubled or tried again.
    """
    cluster.ensure_workers("worker-a", "worker-b")
    for dag_id in DAGS:  # loads the modules, and unpacks the file
        Trial(cluster, dag_id, count=2 * HELD).finish("before")
    memory = {dag_id: _memory_of(cluster, dag_id) for dag_id in DAGS}
    costs = []
    for count in counts:
        for dag_id in DAGS:
            before = _processor(cluster)
            trial = Trial(cluster, dag_id, count=count)
            row = trial.finish("throughput", DEADLINE_S)
            if row.lost or row.doubled or row.retried:
                raise RuntimeError(row.describe())
            after = _processor(cluster)
            times = [record.at for record in trial.records()]
            spent = {part: (after[part] - before[part]) / count for part in PARTS}
            costs.append(Cost(row.tasks, count, max(times) - min(times), spent, memory[dag_id]))
            sys.stdout.write(f"{costs[-1]}\n")
            sys.stdout.flush()
    return costs


def _memory_of(cluster: Cluster, dag_id: str) -> float:
    """The memory of a waiting task, in bytes."""
    before = _memory(cluster)
    trial = Trial(cluster, dag_id, count=HELD, hold=True)
    trial.wait_for("begin", HELD)
    held = _memory(cluster)
    trial.release()
    trial.finish("memory")
    return (held - before) / HELD


def _memory(cluster: Cluster) -> float:
    """The memory of the workers and their tasks, in bytes; a shared page counts once."""
    total = 0
    for worker in cluster.workers.values():
        for pid in worker.processes():
            try:
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
            except OSError:  # the process has ended
                continue
    return total


def _processor(cluster: Cluster) -> dict[str, float]:
    """The seconds of processor that each part and its ended children have used."""
    workers = {pid for worker in cluster.workers.values() for pid in worker.processes()}
    seconds = dict.fromkeys(PARTS, 0.0)
    for pid, command in cluster.processes().items():
        part = "workers" if pid in workers else _part(command)
        if part:
            seconds[part] += _seconds(pid)
    return seconds


def _part(command: str) -> str:
    if "api-server" in command or "api_server" in command:
        return "API server"
    if "scheduler" in command:
        return "scheduler"
    return "PostgreSQL" if "postgres" in command else ""


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # the process has ended
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def describe(costs: Iterable[Cost]) -> list[str]:
    """The costs as lines of a table."""
    parts = " | ".join(f"{part}, ms" for part in PARTS)
    lines = [f"| task instances | tasks | seconds | a second | {parts} | memory |", f"|{'---|' * (len(PARTS) + 5)}"]
    for cost in costs:
        spent = [f"{1000 * cost.processor_s[part]:.0f}" for part in PARTS]
        counts = [str(cost.instances), cost.tasks, f"{cost.seconds:.0f}", f"{cost.instances / cost.seconds:.1f}"]
        lines.append(f"| {' | '.join([*counts, *spent, f'{cost.memory / MIB:.0f} MiB'])} |")
    return lines
