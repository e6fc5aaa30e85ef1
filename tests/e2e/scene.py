"""Dag runs that the tests of a complete Airflow share, and checks that wait."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RETURN_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.api import Api

#: For a single wait. A test machine has few processors, and all Dags run at once.
DEADLINE_S = 240
POLL_S = 0.3
ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


def only(description: str, items: list[Any]) -> Any:
    """Return the only item of a list."""
    assert len(items) == 1, f"{description}: expected one, got {len(items)}: {items!r}"
    return items[0]


@dataclass(frozen=True)
class World:
    """The Airflow that all tests share.

    Attributes:
        api: its REST API.
        version: its version.
        bundles: the folder that it searches for bundle files.
        dags: its Dags folder. It contains the bundle files with native Dags, too.
        spares: a folder with bundle files that a test copies into `bundles`.
        logs: the folder with the output of its components, one file each.
        database: its database, a file of SQLite.
        first_runs: the run_id of the run that tests share, by dag_id.
    """

    api: Api
    version: str
    bundles: Path
    dags: Path
    spares: Path
    logs: Path
    database: Path
    first_runs: dict[str, str]

    def output(self) -> dict[str, str]:
        """Return what the components have written so far, by file name."""
        return {file.name: file.read_text(errors="replace") for file in self.logs.iterdir()}


@dataclass
class Scene:
    """One test's view of the Airflow. It remembers the tasks that the test looked at.

    Attributes:
        world: the Airflow.
        tasks: the runs and task_ids that the test looked at.
    """

    world: World
    tasks: list[tuple[Run, str]] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """Airflow's REST API."""
        return self.world.api

    def run(self, dag_id: str) -> Run:
        """Return the run of a Dag that all tests share. It was triggered before the first test."""
        return Run(self, dag_id, self.world.first_runs[dag_id])

    def new_run(self, dag_id: str) -> Run:
        """Trigger a run for this test alone."""
        return Run(self, dag_id, self.api.trigger(dag_id))

    def existing_run(self, dag_id: str, run_id: str) -> Run:
        """Return a run that Airflow started by itself."""
        return Run(self, dag_id, run_id)

    def task_logs(self) -> Iterator[str]:
        """Yield the states and logs of all tries of the tasks that the test looked at."""
        for run, task_id in dict.fromkeys(self.tasks):
            for instance in run.instances(task_id):
                state, tries, index = instance["state"], instance["try_number"], instance["map_index"]
                yield f"{run.dag_id}.{task_id}[{index}] is {state} at try {tries}; run {run.run_id}"
                for number in range(1, tries + 1):
                    log = self.api.log_text(run.dag_id, run.run_id, task_id, number, index)
                    yield f"log of try {number}:\n{log}"

    def component_logs(self) -> Iterator[str]:
        """Yield the lines of the components about these tasks, and their warnings and errors."""
        marks = {instance["id"] for run, task_id in self.tasks for instance in run.instances(task_id)}
        marks |= {f"task_id={quote}{task_id}{quote}," for _, task_id in self.tasks for quote in ("", "'")}
        for component, output in self.world.output().items():
            is_relevant = False
            for line in output.splitlines():
                if line[:2] == "20":  # the line starts with its time; other lines belong to the record before them
                    is_relevant = "[error" in line or "[warning" in line or any(mark in line for mark in marks)
                if is_relevant:
                    yield f"{component}: {line}"


@dataclass(frozen=True, eq=False)
class Run:
    """One Dag run."""

    scene: Scene = field(repr=False)
    dag_id: str
    run_id: str

    @property
    def api(self) -> Api:
        """Airflow's REST API."""
        return self.scene.api

    def instances(self, task_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a task, by map_index."""
        instances = self.api.instances(self.dag_id, self.run_id)
        return sorted(
            (instance for instance in instances if instance["task_id"] == task_id),
            key=lambda instance: int(instance["map_index"]),
        )

    def wait_for_state(self, task_id: str, states: set[str], map_index: int = -1) -> dict[str, Any]:
        """Wait until a task instance is in one of the states."""
        self.scene.tasks.append((self, task_id))
        self.api.wait_task(self.dag_id, self.run_id, task_id, states, map_index, DEADLINE_S)
        return self.instances(task_id)[max(map_index, 0)]

    def expect_end(self, task_id: str, state: str, *, tries: int = 1, map_index: int = -1) -> dict[str, Any]:
        """Wait until a task instance has ended, and check its state and its number of tries."""
        instance = self.wait_for_state(task_id, ENDED, map_index)
        assert (instance["state"], instance["try_number"]) == (state, tries), task_id
        return instance

    def expect_run_state(self, state: str) -> None:
        """Wait until the run has ended, and check its state."""
        assert self.api.wait_run(self.dag_id, self.run_id, deadline_s=DEADLINE_S) == state

    def expect_xcom(self, task_id: str, value: object, *, key: str = RETURN_VALUE, map_index: int = -1) -> None:
        """Check an XCom."""
        assert self.api.xcom(self.dag_id, self.run_id, task_id, key, map_index) == value, (task_id, key)

    def records(self, task_id: str, event: str = "", *, tries: int = 1, map_index: int = -1) -> list[dict[str, Any]]:
        """Return the records of a try's log whose event starts with a string."""
        log = self.api.log(self.dag_id, self.run_id, task_id, tries, map_index)
        return [record for record in log if str(record.get("event", "")).startswith(event)]

    def record(self, task_id: str, event: str, *, tries: int = 1, map_index: int = -1) -> dict[str, Any]:
        """Wait for the only record of a try's log whose event starts so. It can come after the state."""
        until = time.monotonic() + DEADLINE_S / 4
        while not (records := self.records(task_id, event, tries=tries, map_index=map_index)):
            if time.monotonic() > until:
                break
            time.sleep(POLL_S)
        record: dict[str, Any] = only(f"records {event!r} of {task_id}, try {tries}", records)
        return record

    def expect_masked(self, task_id: str, *secrets: str, tries: int = 1) -> None:
        """Check that a log shows none of the secrets, and masks something."""
        log = self.api.log_text(self.dag_id, self.run_id, task_id, tries)
        assert [secret for secret in secrets if secret in log] == []
        assert "***" in log
