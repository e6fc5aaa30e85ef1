"""One Dag run on the workers, and the line of results that it makes."""

from __future__ import annotations

import signal
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import records
from cluster.row import BUNDLE, ORDINARY, Row
from e2e.processes import signal_process

if TYPE_CHECKING:
    from cluster.cluster import Cluster
    from cluster.records import Record
    from cluster.worker import Worker

#: For one run, on a machine that is busy with other work. Airflow notices a lost task after 30 s.
DEADLINE_S = 400
#: How long the processes of a task may live after the worker.
GRACE_S = 3
POLL_S = 0.1
#: The command line of the child of a task; see `tests/demo/cluster`.
CHILD = "sleep 600"


class Trial:
    """A run of a Dag whose tasks write lines.

    Args:
        cluster: the Airflow.
        dag_id: the Dag.
        task_id: the task whose instances write lines.
        run_id: a run that Airflow has started; None starts one.
        hold: let the tasks wait for `release`.
        conf: the configuration of the run; see `tests/demo/cluster`.

    Attributes:
        run_id: the run.
        orphans: the pids of its processes that outlived their worker.
    """

    def __init__(
        self,
        cluster: Cluster,
        dag_id: str,
        task_id: str = "step",
        run_id: str | None = None,
        *,
        hold: bool = False,
        **conf: object,
    ) -> None:
        self._cluster = cluster
        self.dag_id = dag_id
        self._task_id = task_id
        self._began = time.monotonic()
        self.orphans: set[int] = set()
        self._release = cluster.places.home / f"release-{uuid.uuid4().hex}"
        if hold:
            conf["release"] = str(self._release)
        self.run_id = run_id or cluster.api.trigger(dag_id, conf)

    @property
    def tasks(self) -> str:
        """`bundle file` or `ordinary`."""
        return ORDINARY if self.dag_id.startswith("ordinary") else BUNDLE

    def records(self) -> list[Record]:
        """The lines that the tasks have written so far."""
        return records.read(self._cluster.places.records, self.run_id)

    def records_of(self, host: str, try_number: int) -> list[Record]:
        """The lines of a try that tasks on a host have written so far."""
        return [record for record in self.records() if (record.host, record.try_number) == (host, try_number)]

    def wait_for(self, event: str, count: int, host: str | None = None) -> None:
        """Wait until so many lines of an event are there.

        Args:
            event: the event.
            count: the number of lines.
            host: count only those of this host.
        """

        def are_there() -> bool:
            return count <= sum(r.event == event and host in (None, r.host) for r in self.records())

        self._cluster.api.wait(f"{count} lines {event!r} of {self.dag_id}", are_there, DEADLINE_S)

    def release(self) -> None:
        """Let the tasks end that wait."""
        self._release.touch()

    def living(self, worker: Worker) -> set[int]:
        """The pids of tasks, and of their children, that were started by a worker and are alive."""
        pids = {record.pid for record in self.records()}
        return pids & set(worker.processes())

    def again_after(self, since: float) -> float | None:
        """The seconds from a time since the epoch to the first second try."""
        later = [record.at for record in self.records() if record.event == "begin" and record.try_number > 1]
        return min(later) - since if later else None

    def finish(self, scenario: str, deadline_s: float = DEADLINE_S) -> Row:
        """Wait until the run has ended, and make its line.

        Args:
            scenario: the name of the scenario.
            deadline_s: of the wait.
        """
        self._cluster.api.wait_run(self.dag_id, self.run_id, deadline_s=deadline_s)
        seconds = time.monotonic() - self._began
        found = self._cluster.api.instances(self.dag_id, self.run_id)
        written = self.records()
        # An orphan of an ordinary task writes its last line when nobody waits for it any more.
        while self.tasks == ORDINARY and _living(written) and time.monotonic() < self._began + DEADLINE_S:
            time.sleep(POLL_S)
            written = self.records()
        tally = records.tally((i for i in found if i["task_id"] == self._task_id), written)
        row = Row(
            scenario,
            self.tasks,
            tally.instances,
            tally.succeeded,
            tally.retried,
            tally.lost,
            tally.doubled,
            len(self.orphans),
            seconds,
            note=", ".join(f"{count} on {host}" for host, count in tally.hosts.items()),
        )
        if self.tasks == BUNDLE:
            for name in ("lost", "doubled", "orphans"):
                count = getattr(row, name)
                row.require(is_met=count == 0, otherwise=f"{count} {name}")
            states = {str(instance["state"]) for instance in found}
            row.require(is_met=states == {"success"}, otherwise=f"states {sorted(states)}")
        return row


def _living(written: list[Record]) -> set[int]:
    """The tasks that began, did not end and are alive."""
    ended = {(record.key, record.try_number, record.pid) for record in written if record.event == "end"}
    begun = {(record.key, record.try_number, record.pid) for record in written if record.event == "begin"}
    return {pid for _, _, pid in begun - ended if Path(f"/proc/{pid}").exists()}


def bundle_processes(cluster: Cluster) -> list[str]:
    """The command lines of the processes of bundle files.

    Args:
        cluster: the Airflow.
    """
    folders = [cluster.places.bundles, *(folder for host in cluster.hosts.values() for folder in host.stores)]
    marks = ["dagfloe-watch", *(f"{folder}/" for folder in folders)]
    return [command for command in cluster.processes().values() if any(mark in command for mark in marks)]


def leftovers(cluster: Cluster) -> list[str]:
    """The processes and folders of bundle files that nothing uses any more, after a wait for their ends.

    Args:
        cluster: the Airflow, in which no task runs.
    """
    until = time.monotonic() + GRACE_S
    while True:
        left = bundle_processes(cluster)
        for host in cluster.hosts.values():
            left += [str(path) for store in host.stores for path in store.glob("store/partial/*")]
            # Celery has a folder, and the Edge worker files.
            folders = (path for path in host.temporary.iterdir() if path.is_dir() and path not in host.stores)
            left += [str(path) for path in folders if not path.name.startswith("pymp-")]
        if not left or time.monotonic() > until:
            return left
        time.sleep(POLL_S)


def end_children(cluster: Cluster) -> None:
    """Kill the children that ordinary tasks left.

    Args:
        cluster: the Airflow, in which no task runs.
    """
    for pid, command in cluster.processes().items():
        if command == CHILD:
            signal_process(pid, signal.SIGKILL)
