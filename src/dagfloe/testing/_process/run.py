"""Runs a task in a process of its own, under the embedded supervisor: from its module, or the frozen file."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.authoring.bundle import Bundle
from dagfloe.authoring.dag import Dag, Task
from dagfloe.local.supervise.stop import Stop
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.runtime.log.levels import LEVEL_VARIABLE
from dagfloe.testing._try import Outcome
from dagfloe.testing.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.store.store import Store
    from dagfloe.local.supervise.limits import Limits
    from dagfloe.local.task_run import TaskRun


def run_in_process(
    command: Sequence[str],
    run: TaskRun,
    store: Store,
    *,
    limits: Limits,
    level: str,
    stops_at: Callable[[LogRecord], bool] | None,
) -> Outcome:
    """Run one try.

    Args:
        command: what to start.
        run: what to run.
        store: answers its requests.
        limits: how long things may take.
        level: the lowest level that is logged.
        stops_at: says of each record whether the task is told to stop then.
    """
    with Stop() as stop:

        def look(record: LogRecord) -> None:
            if stops_at is not None and stops_at(record):
                stop.set()

        env = {**os.environ, LEVEL_VARIABLE: level}
        result = run_task(command, run, store, env=env, on_record=look, stop=stop, limits=limits)
    return Outcome(
        state=result.state,
        terminal=result.terminal,
        requests=result.requests,
        records=result.records,
        error=result.error,
    )


@dataclass(frozen=True)
class Source:
    """Where a task comes from, for the child that imports it.

    Attributes:
        module: the name of the module.
        file: its file.
        dag_id: the Dag's id.
        task_id: the task's id.
        path: the module search path.
        schema_version: the supervisor schema version that the task speaks.
    """

    module: str
    file: str
    dag_id: str
    task_id: str
    path: tuple[str, ...]
    schema_version: str

    @property
    def command(self) -> list[str]:
        """What starts the child."""
        return [sys.executable, "-m", "dagfloe.testing._process.child", json.dumps(vars(self))]


def find_source(task: Task, schema_version: str) -> Source:
    """The module at whose top level a task, its Dag or its bundle is.

    Args:
        task: the task.
        schema_version: the supervisor schema version that it speaks.

    Raises:
        MisuseError: when there is none, so that another process could not find the task.
    """
    first = sys.modules.get(task.__module__)
    for module in ([first] if first else []) + list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and find_task(list(vars(module).values()), task.dag_id, task.task_id) is task:
            # A script that is run is called something else by whoever imports it.
            name = Path(file).stem if module.__name__ == "__main__" else module.__name__
            path = tuple(str(Path(entry or ".").absolute()) for entry in sys.path)
            return Source(name, str(Path(file).absolute()), task.dag_id, task.task_id, path, schema_version)
    raise MisuseError(
        f"{task!r} cannot be run over sockets, because no module has it, its Dag or its bundle at its top level, where "
        "another process would find it: register it there, or run it in memory"
    )


def find_task(values: Iterable[object], dag_id: str, task_id: str) -> Task | None:
    """The task with these ids among a module's values, their Dags and their bundles."""
    for value in values:
        found: Task | None = None
        kind = type(value)  # isinstance would wake lazy objects
        if issubclass(kind, Bundle):
            found = value.find(dag_id, task_id)  # type: ignore[attr-defined]
        elif issubclass(kind, (Task, Dag)) and value.dag_id == dag_id:  # type: ignore[attr-defined]
            dag: Dag = value.dag if issubclass(kind, Task) else value  # type: ignore[attr-defined, assignment]
            found = dag.tasks.get(task_id)
        if found is not None:
            return found
    return None
