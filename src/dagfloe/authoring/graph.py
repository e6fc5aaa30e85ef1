"""The graph that a bundle declares: calls of tasks inside a `with dag:` block, and `>>` between them. Pure.

Inside the block a call of a task runs nothing. It says where the task's arguments come from, and gives an `XComArg`
that stands for its return value.
"""

from __future__ import annotations

from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, TypeVar

    from typing_extensions import Self

    from dagfloe.authoring.task import Task

    Other = TypeVar("Other")


class Linked:
    """What `>>` and `<<` connect: a task, the XCom of one, or a task group."""

    if TYPE_CHECKING:

        def firsts(self) -> list[Task]:
            """The tasks that run after what this is connected to."""
            ...

        def lasts(self) -> list[Task]:
            """The tasks before what this is connected to."""
            ...

    def __rshift__(self, other: Other) -> Other:
        connect(self.lasts(), _firsts(other))
        return other

    def __lshift__(self, other: Other) -> Other:
        connect(_lasts(other), self.firsts())
        return other

    def __rrshift__(self, other: object) -> Self:
        connect(_lasts(other), self.firsts())
        return self

    def __rlshift__(self, other: object) -> Self:
        connect(self.lasts(), _firsts(other))
        return self


class Node(Linked):
    """Something with a place in the graph: a task, or the XCom of one."""

    _node_task: Task

    def firsts(self) -> list[Task]:
        """The one task."""
        return [self._node_task]

    def lasts(self) -> list[Task]:
        """The one task."""
        return [self._node_task]


class XComArg(Node):
    """What a task will have pushed, as an argument of another one.

    Attributes:
        task_id: the task that pushes it.
        key: the XCom's key; `extract()["rows"]` is the one of a task with `multiple_outputs`.
    """

    def __init__(self, task: Task, key: str = RETURN_VALUE) -> None:
        self._node_task = task
        self.task_id = task.task_id
        self.key = key

    def __repr__(self) -> str:
        return f"XComArg({self.task_id!r}, key={self.key!r})"

    def __getitem__(self, key: str) -> XComArg:
        if not isinstance(key, str):
            raise RegistrationError(f"{self!r} is known when the task runs only: its keys are texts, not {key!r}")
        if self.key != RETURN_VALUE:
            raise RegistrationError(f"{self!r} is an XCom by key already: take {key!r} of it inside the task")
        return XComArg(self._node_task, key)

    def __iter__(self) -> Iterator[Any]:
        raise RegistrationError(f"{self!r} is known when the task runs only: pass it on as a whole, or use .expand()")

    def __bool__(self) -> bool:
        raise RegistrationError(f"{self!r} is known when the task runs only: decide inside a task, with client.branch")

    @property
    def is_mapped(self) -> bool:
        """Whether the task is mapped, and pushes one XCom for each map index."""
        return self._node_task.mapped is not None


def connect(upstream: Iterable[Task], downstream: Iterable[Task]) -> None:
    """Let tasks run after others.

    Raises:
        RegistrationError: when they are of different Dags, or the graph would have a cycle.
    """
    following = list(downstream)
    for first in upstream:
        for second in following:
            if first.dag is not second.dag:
                raise RegistrationError(
                    f"task {first.task_id!r} is of Dag {first.dag_id!r} and {second.task_id!r} of {second.dag_id!r}: "
                    "only tasks of one Dag follow each other"
                )
            first.dag.add_edge(first.task_id, second.task_id)


def leaves(value: object) -> Iterator[object]:
    """A value, or what is inside its lists, tuples and maps.

    Raises:
        RegistrationError: when a set holds what is known when the task runs only.
    """
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (set, frozenset)):
        for item in value:
            if isinstance(item, Node):
                raise RegistrationError(f"{item!r} is in a set, and what it stands for may not fit there: use a list")
    else:
        yield value


def xcom_args(value: object) -> Iterator[XComArg]:
    """Every XComArg in a value, inside lists, tuples and maps, too."""
    for each in leaves(value):
        if isinstance(each, XComArg):
            yield each


class PartialTask:
    """A task with some of its arguments given, the others to be expanded: `task.partial(...)`."""

    def __init__(self, task: Task, arguments: Mapping[str, object]) -> None:
        self._task = task
        self._arguments = arguments

    def expand(self, **mapped: object) -> XComArg:
        """Map the task: see `Task.expand`."""
        return self._task.map_over(self._arguments, mapped)


def _firsts(value: object) -> list[Task]:
    return [task for each in _linked(value) for task in each.firsts()]


def _lasts(value: object) -> list[Task]:
    return [task for each in _linked(value) for task in each.lasts()]


def _linked(value: object) -> list[Linked]:
    found = []
    for each in value if isinstance(value, (list, tuple, set)) else [value]:
        if not isinstance(each, Linked):
            raise RegistrationError(
                f">> connects tasks, task groups and what tasks return inside a `with dag:` block, not {each!r}"
            )
        found.append(each)
    return found
