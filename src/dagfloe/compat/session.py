"""The call of one task in a project with `airflow-names`."""

from __future__ import annotations

import os

from dagfloe.compat.context import build_context, build_values, describe_missing_key
from dagfloe.compat.current import sessions
from dagfloe.compat.exceptions import DownstreamTasksSkipped, find_outcome
from dagfloe.errors import BindingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.parameters import Parameter
    from dagfloe.client import Client
    from dagfloe.compat.context import AirflowContext
    from dagfloe.compat.templates import Renderer
    from dagfloe.model.context import Context


class TaskSession:
    """The call of one task. In its `with` block, Airflow's names work.

    At the end of the block, an exception of Airflow's becomes the outcome of dagfloe that it stands for.

    Args:
        task: the task.
        context: its context.
        client: its client.
    """

    def __init__(self, task: Task, context: Context, client: Client) -> None:
        self.task = task
        self.dagfloe_context = context
        self.client = client
        self._context: AirflowContext | None = None
        self._arguments: dict[str, object] = {}
        self._variables: dict[str, str | None] = {}

    @property
    def context(self) -> AirflowContext:
        """Airflow's context of the task; always the same object."""
        if self._context is None:
            self._context = build_context(self.task, self.dagfloe_context, self.client)
            self._context.update(self._arguments)
        return self._context

    @property
    def renderer(self) -> Renderer:
        """Renders the task's arguments."""
        from dagfloe.compat.templates import Renderer  # noqa: PLC0415 - only for tasks with arguments

        return Renderer(f"task {self.task.task_id!r} of Dag {self.task.dag_id!r}", lambda: self.context)

    def find_arguments(self, parameters: Sequence[Parameter], present: Collection[str]) -> dict[str, object]:
        """The values of the context that a function takes: those of its parameters, and all others if it has `**`.

        Args:
            parameters: the function's parameters.
            present: the names of the arguments that it gets otherwise.

        Raises:
            BindingError: if the context lacks a key whose parameter has no default.
        """
        names = {parameter.name for parameter in parameters}
        wanted = [parameter.name for parameter in parameters if parameter.is_context_key]
        takes_all = any(parameter.star == "**" for parameter in parameters)
        if not wanted and not takes_all:
            return {}
        context: Mapping[str, object] = build_values(self.task, self.dagfloe_context)
        if takes_all or not context.keys() >= {*wanted}:
            context = self.context
        found = {name: context[name] for name in wanted if name not in present and name in context}
        required = {p.name for p in parameters if p.is_context_key and not p.has_default}
        for name in sorted(required.difference(found).difference(present)):
            raise BindingError(f"parameter {name!r} of {self.task!r} has no value: {describe_missing_key(name)}")
        if takes_all:
            found.update((key, value) for key, value in context.items() if key not in names and key not in present)
        return found

    def add_arguments(self, arguments: Mapping[str, object]) -> None:
        """Add a call's arguments to the context, as Airflow's Python operators do.

        Args:
            arguments: the arguments by name.
        """
        self._arguments.update(arguments)
        if self._context is not None:
            self._context.update(arguments)

    def __enter__(self) -> Self:
        sessions.append(self)
        values = self._list_variables()
        self._variables = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        return self

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> bool:
        sessions.remove(self)
        for name, value in self._variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if isinstance(error, DownstreamTasksSkipped):  # the task has succeeded, and returned nothing
            tasks = error.tasks if isinstance(error.tasks, list) else [error.tasks]
            self.client.task_instances.skip_downstream(tasks)
            return True
        outcome = None if error is None else find_outcome(error)
        if outcome is not None:
            raise outcome from error
        return False

    def _list_variables(self) -> dict[str, str]:
        """The environment variables in which Airflow names the running task."""
        context = self.dagfloe_context
        values = {
            "DAG_OWNER": str(self.task.declared.get("owner") or "airflow"),
            "DAG_ID": context.dag_id,
            "TASK_ID": context.task_id,
            "TRY_NUMBER": str(context.try_number),
            "DAG_RUN_ID": context.run_id,
        }
        if context.logical_date is not None:
            values["LOGICAL_DATE"] = context.logical_date.isoformat()
        if context.dag_run.team_name:
            values["TEAM_NAME"] = context.dag_run.team_name
        return {f"AIRFLOW_CTX_{name}": value for name, value in values.items()}
