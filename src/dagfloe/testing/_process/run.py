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
from dagfloe.authoring.parameters import CONTEXT_KEYS
from dagfloe.local.stop import Stop
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.runtime.log.levels import LEVEL_VARIABLE
from dagfloe.testing._try import TryOutcome
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
    should_stop: Callable[[LogRecord], bool] | None,
) -> TryOutcome:
    """Run one try.

    Args:
        command: the command to start.
        run: the task instance.
        store: answers its requests.
        limits: how long the task and its parts may take.
        level: the lowest log level.
        should_stop: called with every log record; if it returns true, the task is stopped.
    """
    with Stop() as stop:

        def stop_if_matching(record: LogRecord) -> None:
            if should_stop is not None and should_stop(record):
                stop.set()

        env = {**os.environ, LEVEL_VARIABLE: level}
        result = run_task(command, run, store, env=env, on_record=stop_if_matching, stop=stop, limits=limits)
    return TryOutcome(
        state=result.state,
        terminal=result.terminal,
        requests=result.requests,
        records=result.records,
        error=result.error,
    )


@dataclass(frozen=True)
class TaskSource:
    """Where the child process imports a task from.

    Attributes:
        module: the name of the module.
        file: its file.
        dag_id: the Dag's id.
        task_id: the task's id.
        path: the module search path.
        schema_version: the supervisor schema version that the task speaks.
        airflow_names: whether this process has Airflow's names.
    """

    module: str
    file: str
    dag_id: str
    task_id: str
    path: tuple[str, ...]
    schema_version: str
    airflow_names: bool

    @property
    def command(self) -> list[str]:
        """The command that starts the child process."""
        return [sys.executable, "-m", "dagfloe.testing._process.child", json.dumps(vars(self))]


def find_source(task: Task, schema_version: str) -> TaskSource:
    """Return the module that has a task, its Dag or its bundle at its top level.

    Args:
        task: the task.
        schema_version: the supervisor schema version that it speaks.

    Raises:
        MisuseError: if no module has it, so that another process could not find it.
    """
    own_module = sys.modules.get(task.__module__)
    for module in ([own_module] if own_module else []) + list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and find_task(list(vars(module).values()), task.dag_id, task.task_id) is task:
            # Python imports a running script, `__main__`, under the name of its file.
            name = Path(file).stem if module.__name__ == "__main__" else module.__name__
            path = tuple(str(Path(entry or ".").absolute()) for entry in sys.path)
            return TaskSource(
                name, str(Path(file).absolute()), task.dag_id, task.task_id, path, schema_version, bool(CONTEXT_KEYS)
            )
    raise MisuseError(
        f"{task!r} cannot run over sockets, because no module has it, its Dag or its bundle at its top level, where "
        "another process would find it: register it there, or run it in memory"
    )


def find_task(values: Iterable[object], dag_id: str, task_id: str) -> Task | None:
    """Return the task with these ids among the values of a module: tasks, Dags and bundles."""
    for value in values:
        task: Task | None = None
        kind = type(value)  # isinstance would evaluate lazy objects
        if issubclass(kind, Bundle):
            task = value.find(dag_id, task_id)  # type: ignore[attr-defined]
        elif issubclass(kind, (Task, Dag)) and value.dag_id == dag_id:  # type: ignore[attr-defined]
            dag: Dag = value.dag if issubclass(kind, Task) else value  # type: ignore[attr-defined, assignment]
            task = dag.tasks.get(task_id)
        if task is not None:
            return task
    return None
