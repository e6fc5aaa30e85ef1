"""The call of one task in a project with `airflow-names`."""

from __future__ import annotations

from dagfloe.compat.context import build_context
from dagfloe.compat.current import sessions
from dagfloe.compat.exceptions import find_outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.parameters import Parameter
    from dagfloe.client import Client
    from dagfloe.compat.context import AirflowContext
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

    @property
    def context(self) -> AirflowContext:
        """Airflow's context of the task; always the same object."""
        if self._context is None:
            self._context = build_context(self.task, self.dagfloe_context, self.client)
        return self._context

    def find_arguments(self, parameters: Iterable[Parameter], present: Container[str]) -> dict[str, object]:
        """The values of the context that a function takes: those of its parameters, and all others if it has `**`.

        Args:
            parameters: the function's parameters.
            present: the names of the arguments that it gets otherwise.
        """
        names = {parameter.name for parameter in parameters}
        wanted = [parameter.name for parameter in parameters if parameter.is_context_key]
        takes_all = any(parameter.star == "**" for parameter in parameters)
        if not wanted and not takes_all:
            return {}
        context = self.context
        found = {name: context[name] for name in wanted if name not in present and name in context}
        if takes_all:
            found.update((key, value) for key, value in context.items() if key not in names and key not in present)
        return found

    def __enter__(self) -> Self:
        sessions.append(self)
        return self

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        sessions.remove(self)
        outcome = None if error is None else find_outcome(error)
        if outcome is not None:
            raise outcome from error
