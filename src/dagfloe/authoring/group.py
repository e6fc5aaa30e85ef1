"""Task groups: tasks that Airflow shows as one, and that are connected as one."""

from __future__ import annotations

from dagfloe.authoring.graph import Linked
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    from dagfloe.authoring.graph import Graph, Node

_MAX_ID_LENGTH = 200


class TaskGroup(Linked):
    """A group of tasks, made by `Dag.group`. Tasks that are registered in its `with` block belong to it.

    `group >> task` lets the task run after those of the group that no other one of the group follows.

    Attributes:
        dag: the Dag that it belongs to.
        group_id: its id, `outer.inner` for a group within another one.
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
        """The tasks that run after none of the group."""
        followers = {task_id for task in self.tasks for task_id in self.dag.downstream_of(task.task_id)}
        return [task for task in self._some() if task.task_id not in followers]

    def lasts(self) -> list[Node]:
        """The tasks that none of the group runs after."""
        inside = {task.task_id for task in self.tasks}
        return [task for task in self._some() if inside.isdisjoint(self.dag.downstream_of(task.task_id))]

    def _some(self) -> list[Node]:
        tasks = self.tasks
        if not tasks:
            raise RegistrationError(f"{self!r} has no tasks yet: register them before it is connected")
        return tasks


def check_group_id(name: object) -> None:
    """Complain of a group's id as Airflow would.

    Raises:
        RegistrationError: when Airflow would refuse it.
    """
    if not isinstance(name, str) or not name or not all(character.isalnum() or character in "_-" for character in name):
        raise RegistrationError(
            f"the group_id {name!r} is refused by Airflow: use letters, digits, underscores and hyphens only"
        )
    if len(name) > _MAX_ID_LENGTH:
        raise RegistrationError(f"the group_id {name[:30]!r}... has {len(name)} characters: Airflow allows 200")
