"""How a task is run: in memory, over sockets, or from the frozen file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dagfloe.authoring.dag import Task
from dagfloe.authoring.taskflow.task_function import TaskFunction
from dagfloe.testing._process.run import find_source
from dagfloe.testing.bundle_file import find_dag_id, find_file_schema_version, find_tested_file
from dagfloe.testing.errors import MisuseError
from dagfloe.testing.schema_version import choose_schema_version

if TYPE_CHECKING:
    from os import PathLike

    ModeName = Literal["memory", "sockets"]


@dataclass(frozen=True, kw_only=True)
class Mode:
    """How a task is run.

    Attributes:
        dag_id: the Dag's id.
        task_id: the task's id.
        task: the task, if this process has it.
        command: the command that runs it; None in memory.
        schema_version: the supervisor schema version that the task and its supervisor speak.
    """

    dag_id: str
    task_id: str
    task: Task | None
    command: tuple[str, ...] | None
    schema_version: str


def choose_mode(
    task: Task | TaskFunction | str,
    *,
    over: ModeName | None,
    file: str | PathLike[str] | None,
    dag_id: str | None,
    airflow: str | None,
) -> Mode:
    """Check the arguments of a test, and choose how to run the task.

    Args:
        task: the task, the function of one, or the task_id of one in a file.
        over: `memory` or `sockets`; None for the file that a build tests, if it has the task, else memory.
        file: the frozen file.
        dag_id: the Dag, if several Dags of the file have the task_id.
        airflow: as for `TaskEnvironment`. A frozen file has its own.

    Raises:
        MisuseError: if the task cannot be run so.
        PackError: if the `pyproject.toml` of the task's project cannot be read.
    """
    if isinstance(task, TaskFunction):
        task = _find_task(task)
    if over is None and file is None and isinstance(task, Task):
        file = find_tested_file(task)
    over = over or "memory"
    if over not in ("memory", "sockets"):
        raise MisuseError(f"a task runs over memory or sockets, not {over!r}")
    if file is not None:
        if over == "sockets":
            raise MisuseError("a frozen file always runs over sockets: leave `over` out")
        path = Path(file).absolute()
        task_id = task if isinstance(task, str) else task.task_id
        dag_id = dag_id or (find_dag_id(path, task_id) if isinstance(task, str) else task.dag_id)
        return Mode(
            dag_id=dag_id,
            task_id=task_id,
            task=task if isinstance(task, Task) else None,
            command=(str(path),),
            schema_version=find_file_schema_version(path),
        )
    if not isinstance(task, Task):
        raise MisuseError(f"{task!r} is not a registered task: pass what @dag.task returned, or the file that has it")
    if dag_id is not None:
        raise MisuseError("dag_id is for a task_id in a file: a registered task knows its Dag")
    schema_version = choose_schema_version(airflow, task)
    command = tuple(find_source(task, schema_version).command) if over == "sockets" else None
    return Mode(dag_id=task.dag_id, task_id=task.task_id, task=task, command=command, schema_version=schema_version)


def _find_task(function: TaskFunction) -> Task:
    tasks = function.tasks
    if len(tasks) != 1:
        found = ", ".join(f"{task.dag_id}.{task.task_id}" for task in tasks) or "none"
        raise MisuseError(
            f"{function!r} belongs to one task only if one call in the block of a Dag registers it; its tasks are: "
            f"{found}. Pass one of bundle.dags[...].tasks"
        )
    return tasks[0]
