"""Task groups: tasks that Airflow shows together and that `>>` connects together."""

from __future__ import annotations

from dagfloe.authoring.graph import Linked
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    from dagfloe.authoring.graph import Graph, Node

_MAX_ID_LENGTH = 200


class TaskGroup(Linked):
    """A group of tasks. Create it with `Dag.group`; tasks that you register in its `with` block belong to it.

    `group >> task` lets the task run after the last tasks of the group.

    Attributes:
        dag: the Dag that it belongs to.
        group_id: its id, `outer.inner` for a group inside another group.
    """

    def __init__(self, dag: Graph, group_id: str) -> None:
        self.dag = dag
        self.group_id = group_id

    def __repr__(self) -> str:
        return f"TaskGroup({self.dag.dag_id!r}, {self.group_id!r})"

    def __enter__(self) -> Self:
        self.dag.open_groups.append(self.group_id)
        return self

    def __exit__(self, *_: object) -> None:
        self.dag.open_groups.pop()

    @property
    def tasks(self) -> list[Node]:
        """The tasks of the group and of the groups in it, in the order of registration."""
        return [task for task in self.dag.tasks.values() if f"{task.group}.".startswith(f"{self.group_id}.")]

    def firsts(self) -> list[Node]:
        """The tasks that run after no other task of the group."""
        downstream = {task_id for task in self.tasks for task_id in self.dag.downstream_of(task.task_id)}
        return [task for task in self._tasks_or_error() if task.task_id not in downstream]

    def lasts(self) -> list[Node]:
        """The tasks after which no other task of the group runs."""
        inside = {task.task_id for task in self.tasks}
        return [task for task in self._tasks_or_error() if inside.isdisjoint(self.dag.downstream_of(task.task_id))]

    def _tasks_or_error(self) -> list[Node]:
        tasks = self.tasks
        if not tasks:
            raise RegistrationError(f"{self!r} has no tasks yet: register them before you connect it")
        return tasks


def check_group_id(name: object) -> None:
    """Check that Airflow accepts a group's id.

    Raises:
        RegistrationError: if it does not.
    """
    if not isinstance(name, str) or not name or not all(character.isalnum() or character in "_-" for character in name):
        raise RegistrationError(
            f"Airflow refuses the group_id {name!r}: use only letters, digits, underscores and hyphens"
        )
    if len(name) > _MAX_ID_LENGTH:
        raise RegistrationError(f"the group_id {name[:30]!r}... has {len(name)} characters: Airflow allows 200")
