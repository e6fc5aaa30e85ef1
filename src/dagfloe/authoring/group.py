"""Task groups: tasks that Airflow shows together and that `>>` connects together."""

from __future__ import annotations

from dagfloe.authoring.graph import Linked, innermost_graph
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self, Unpack

    from dagfloe.authoring.graph import Graph, Node
    from dagfloe.authoring.scheduling.options import GroupOptions

_MAX_ID_LENGTH = 200


class TaskGroup(Linked):
    """A group of tasks: `dag.group("checks")`, or `TaskGroup("checks")` in the block of a Dag.

    Tasks and groups that you register in its `with` block belong to it.

    `group >> task` lets the task run after the last tasks of the group.

    Attributes:
        dag: the Dag that it belongs to.
        group_id: its id, `outer.inner` for a group inside another group.
        declared: its options, by the names that they have in `Dag.group`, without `default_args`.
        default_args: default options for its tasks and those of the groups in it.

    Args:
        group_id: its id, without that of the group around it.
        dag: the Dag; by default the one whose block is open.
        options: as for `Dag.group`.

    Raises:
        RegistrationError: as for `Dag.group`, and outside of the block of a Dag.
    """

    def __init__(self, group_id: str, *, dag: Graph | None = None, **options: Unpack[GroupOptions]) -> None:
        check_group_id(group_id)
        graph = innermost_graph() if dag is None else dag
        if graph is None:
            raise RegistrationError(
                f"TaskGroup({group_id!r}) is outside of the block of a Dag: create it in a `with dag:` block or in the "
                "body of a Dag's function, or with Dag.group"
            )
        self.dag: Graph = graph
        self.group_id = graph.full_id(group_id)
        self.declared: dict[str, Any] = {}
        if options:
            from dagfloe.authoring.scheduling.options import check_group_options  # noqa: PLC0415 - few groups have some

            self.declared = check_group_options(options, f"task group {self.group_id!r}")
        default_args: Any = self.declared.pop("default_args", {})
        self.default_args: dict[str, Any] = default_args
        graph.add_group(self)

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
        """The tasks after which no other task of the group runs.

        Nothing waits for the teardowns of a group: the tasks before a teardown are the last ones in its place.
        """
        inside = {task.task_id: task for task in self._tasks_or_error()}
        lasts: dict[str, Node] = {}
        for task in inside.values():
            if inside.keys().isdisjoint(self.dag.downstream_of(task.task_id)):
                lasts |= self._lasts_before(task, inside) if task.kind == "teardown" else {task.task_id: task}
        return list(lasts.values())

    def _lasts_before(self, teardown: Node, inside: dict[str, Node]) -> dict[str, Node]:
        """The last tasks of the group before a teardown, except for its setups."""
        lasts: dict[str, Node] = {}
        for task in inside.values():
            downstream = self.dag.downstream_of(task.task_id)
            if teardown.task_id not in downstream or task.kind == "setup":
                continue
            if task.kind == "teardown":
                lasts |= self._lasts_before(task, inside)
            elif all(
                inside[task_id].kind == "teardown"
                for task_id in downstream
                if task_id in inside and task_id != teardown.task_id
            ):
                lasts[task.task_id] = task
        return lasts

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
