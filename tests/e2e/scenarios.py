"""What scenarios are made of: a table of them, Dag runs that are triggered once, and checks that say what differs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from e2e.api import Api

#: For each single wait. A machine for tests has few processors, and all Dags run at once.
DEADLINE_S = 240
POLL_S = 0.3
ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


class Wrong(Exception):
    """Something in Airflow is not as the scenario expects it."""


@dataclass(frozen=True)
class Scenario:
    """A line of the table.

    Attributes:
        name: the line.
        act: does it, and raises when something is wrong.
        only: the one release of Airflow that it is for, such as 3.4; empty for all.
        why: why it is not for the others.
    """

    name: str
    act: Callable[[Scene], None]
    only: str = ""
    why: str = ""

    def is_for(self, version: str) -> bool:
        """Whether it is for this Airflow."""
        return not self.only or version.startswith(f"{self.only}.")


SCENARIOS: list[Scenario] = []


def scenario(name: str, *, only: str = "", why: str = "") -> Callable[[Callable[[Scene], None]], None]:
    """Put a function into the table."""
    return lambda act: SCENARIOS.append(Scenario(name, act, only, why))


def same(what: str, got: object, wanted: object) -> None:
    """Complain unless two values are equal.

    Raises:
        Wrong: when they are not.
    """
    if got != wanted:
        raise Wrong(f"{what}: {got!r}, expected {wanted!r}")


def one(what: str, found: list[Any]) -> Any:
    """The only item of a list.

    Raises:
        Wrong: when it has none, or more.
    """
    if len(found) != 1:
        raise Wrong(f"{what}: {len(found)} of them, expected one: {found!r}")
    return found[0]


@dataclass(frozen=True)
class World:
    """The Airflow that all scenarios share.

    Attributes:
        api: its API.
        version: its version.
        bundles: the folder in which it looks for bundle files.
        spares: a folder with bundle files that a scenario puts there.
        output: what its components have said so far, by component.
        first_runs: the run of each Dag that scenarios share, by dag_id.
    """

    api: Api
    version: str
    bundles: Path
    spares: Path
    output: Callable[[], dict[str, str]]
    first_runs: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Scene:
    """A scenario's view of it, which remembers the tasks that it looked at."""

    world: World
    seen: list[tuple[Run, str]] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """Airflow's API."""
        return self.world.api

    def run(self, dag_id: str) -> Run:
        """The run of a Dag that all scenarios share; the first who asks for it triggers it."""
        with self.world.lock:
            if dag_id not in self.world.first_runs:
                self.world.first_runs[dag_id] = self.api.trigger(dag_id)
        return Run(self, dag_id, self.world.first_runs[dag_id])

    def new_run(self, dag_id: str) -> Run:
        """A run of its own."""
        return Run(self, dag_id, self.api.trigger(dag_id))

    def known_run(self, dag_id: str, run_id: str) -> Run:
        """A run that something else has started."""
        return Run(self, dag_id, run_id)

    def logs(self) -> Iterator[str]:
        """What is worth reading when it went wrong: each task that was looked at, with the log of each try."""
        for run, task_id in dict.fromkeys(self.seen):
            for instance in run.instances(task_id):
                state, tries, index = instance["state"], instance["try_number"], instance["map_index"]
                yield f"{run.dag_id}.{task_id}[{index}] is {state} at try {tries}; run {run.run_id}"
                for number in range(1, tries + 1):
                    yield f"log of try {number}:\n{self.api.log_text(run.dag_id, run.run_id, task_id, number, index)}"

    def said(self) -> Iterator[str]:
        """What the components said of these tasks, and what they complained of."""
        marks = {instance["id"] for run, task_id in self.seen for instance in run.instances(task_id)}
        marks |= {f"task_id={quote}{task_id}{quote}," for _, task_id in self.seen for quote in ("", "'")}
        for component, text in self.world.output().items():
            is_told = False
            for line in text.splitlines():
                if line[:2] == "20":  # it begins with its time, and is not the rest of a record, such as a traceback
                    is_told = "[error" in line or "[warning" in line or any(mark in line for mark in marks)
                if is_told:
                    yield f"{component}: {line}"


@dataclass(frozen=True, eq=False)
class Run:
    """One Dag run."""

    scene: Scene = field(repr=False)
    dag_id: str
    run_id: str

    @property
    def api(self) -> Api:
        """Airflow's API."""
        return self.scene.api

    def instances(self, task_id: str) -> list[dict[str, Any]]:
        """The task instances of a task, by map index."""
        found = [each for each in self.api.instances(self.dag_id, self.run_id) if each["task_id"] == task_id]
        return sorted(found, key=lambda each: int(each["map_index"]))

    def reach(self, task_id: str, states: set[str], map_index: int = -1) -> dict[str, Any]:
        """Wait until a task instance is in one of the states."""
        self.scene.seen.append((self, task_id))
        self.api.wait_task(self.dag_id, self.run_id, task_id, states, map_index, DEADLINE_S)
        return self.instances(task_id)[max(map_index, 0)]

    def ends(self, task_id: str, state: str, *, tries: int = 1, map_index: int = -1) -> dict[str, Any]:
        """Wait until a task instance has ended, and check how."""
        instance = self.reach(task_id, ENDED, map_index)
        same(f"state of {task_id}", instance["state"], state)
        same(f"tries of {task_id}", instance["try_number"], tries)
        return instance

    def is_over(self, state: str) -> None:
        """Wait until the run has ended, and check how."""
        got = self.api.wait_run(self.dag_id, self.run_id, deadline_s=DEADLINE_S)
        same(f"state of the run of {self.dag_id}", got, state)

    def pushed(self, task_id: str, wanted: object, *, key: str = "return_value", map_index: int = -1) -> None:
        """Check an XCom."""
        got = self.api.xcom(self.dag_id, self.run_id, task_id, key, map_index)
        same(f"XCom {key} of {task_id}", got, wanted)

    def records(self, task_id: str, event: str = "", *, tries: int = 1, map_index: int = -1) -> list[dict[str, Any]]:
        """The records of a try's log, those whose text begins so."""
        log = self.api.log(self.dag_id, self.run_id, task_id, tries, map_index)
        return [record for record in log if str(record.get("event", "")).startswith(event)]

    def says(self, task_id: str, event: str, *, tries: int = 1, map_index: int = -1) -> dict[str, Any]:
        """The one record of a try's log that begins so, which may come a little later than the state."""
        until = time.monotonic() + DEADLINE_S / 4
        while not (found := self.records(task_id, event, tries=tries, map_index=map_index)):
            if time.monotonic() > until:
                break
            time.sleep(POLL_S)
        record: dict[str, Any] = one(f"records {event!r} of {task_id}, try {tries}", found)
        return record

    def hides(self, task_id: str, *secrets: str, tries: int = 1) -> None:
        """Check that a log shows none of these, and that something was masked."""
        text = self.api.log_text(self.dag_id, self.run_id, task_id, tries)
        for secret in secrets:
            if secret in text:
                raise Wrong(f"the log of {task_id} shows {secret!r}")
        if "***" not in text:
            raise Wrong(f"nothing is masked in the log of {task_id}")
