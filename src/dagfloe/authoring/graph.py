"""The graph that a bundle declares: which tasks run after which. Pure.

Authors declare it in a `with dag:` block, with calls of tasks and with `>>`. A call in the block runs nothing: it
records where the task's arguments come from, and returns an `XComArg` that stands for the task's return value.
"""

from __future__ import annotations

from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, TypeVar

    from typing_extensions import Self

    Other = TypeVar("Other")

_MAX_ID_LENGTH = 250
#: The Dags whose `with` blocks are open, the innermost last.
_open_graphs: list[Graph] = []


def innermost_graph() -> Graph | None:
    """The Dag whose `with` block is open, the innermost one; None outside of all blocks."""
    return _open_graphs[-1] if _open_graphs else None


class Graph:
    """The order in which a Dag's tasks run: the base of `Dag`.

    Attributes:
        dag_id: the Dag's id.
        open_groups: the ids of the task groups whose `with` blocks are open, the innermost last.
    """

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        self.open_groups: list[str] = []
        self._downstream: dict[str, list[str]] = {}

    if TYPE_CHECKING:
        declared: dict[str, Any]

        @property
        def tasks(self) -> Mapping[str, Node]:
            """The tasks by task_id."""
            ...

    def __enter__(self) -> Self:
        _open_graphs.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _open_graphs.pop()

    @property
    def is_wiring(self) -> bool:
        """Whether a `with dag:` block is open."""
        return self in _open_graphs

    def downstream_of(self, task_id: str) -> list[str]:
        """The tasks right after one, in the order of declaration."""
        return list(self._downstream.get(task_id, ()))

    def reachable_from(self, task_id: str) -> set[str]:
        """All tasks that run after one, directly or through others."""
        reached: set[str] = set()
        pending = self.downstream_of(task_id)
        while pending:
            downstream_id = pending.pop()
            if downstream_id not in reached:
                reached.add(downstream_id)
                pending += self.downstream_of(downstream_id)
        return reached

    def add_edge(self, upstream: str, downstream: str) -> None:
        """Let one task run after another. Authors use `>>` and calls.

        Raises:
            RegistrationError: if the graph would have a cycle.
        """
        if upstream == downstream or upstream in self.reachable_from(downstream):
            raise RegistrationError(
                f"in Dag {self.dag_id!r}, task {downstream!r} would run both before and after {upstream!r}"
            )
        downstream_ids = self._downstream.setdefault(upstream, [])
        if downstream not in downstream_ids:
            downstream_ids.append(downstream)


class Linked:
    """What `>>` and `<<` connect: a task, the XCom of one, or a task group."""

    if TYPE_CHECKING:

        def firsts(self) -> list[Node]:
            """The tasks that run after what this is connected to."""
            ...

        def lasts(self) -> list[Node]:
            """The tasks that run before what this is connected to."""
            ...

    def __rshift__(self, other: Other) -> Other:
        connect(self.lasts(), _firsts(other))
        return other

    def __lshift__(self, other: Other) -> Other:
        connect(_lasts(other), self.firsts())
        return other

    def set_downstream(self, other: object) -> None:
        """Let others run after this, like `self >> other`."""
        connect(self.lasts(), _firsts(other))

    def set_upstream(self, other: object) -> None:
        """Let this run after others, like `self << other`."""
        connect(_lasts(other), self.firsts())

    def __rrshift__(self, other: object) -> Self:
        connect(_lasts(other), self.firsts())
        return self

    def __rlshift__(self, other: object) -> Self:
        connect(self.lasts(), _firsts(other))
        return self


class Node(Linked):
    """A task, as far as the graph needs it: the base of `Task`."""

    if TYPE_CHECKING:
        task_id: str

        @property
        def dag(self) -> Graph:
            """The Dag that the task belongs to."""
            ...

        @property
        def group(self) -> str | None:
            """The id of the task group that the task is in; None for none."""
            ...

        @property
        def mapped(self) -> Mapping[str, object] | None:
            """What the task is expanded over, by parameter; None when it is not mapped."""
            ...

    def firsts(self) -> list[Node]:
        """The task itself."""
        return [self]

    def lasts(self) -> list[Node]:
        """The task itself."""
        return [self]


class Reference:
    """An argument whose value is known only when the task runs: an `XComArg` or a `DagParam`."""

    def __iter__(self) -> Iterator[Any]:
        raise RegistrationError(
            f"{self!r} has no value before the task runs: pass it to a task as a whole, or use .expand()"
        )

    def __bool__(self) -> bool:
        raise RegistrationError(f"{self!r} has no value before the task runs: decide inside a task, with client.branch")


class XComArg(Reference, Linked):
    """The XCom that a task will push, as an argument of another task.

    Attributes:
        task_id: the task that pushes it.
        key: the XCom's key; `extract()["rows"]` is the one of a task with `multiple_outputs`.
    """

    def __init__(self, task: Node, key: str = RETURN_VALUE) -> None:
        self._task = task
        self.task_id = task.task_id
        self.key = key

    def __repr__(self) -> str:
        return f"XComArg({self.task_id!r}, key={self.key!r})"

    def __getitem__(self, key: str) -> XComArg:
        if not isinstance(key, str):
            raise RegistrationError(f"{self!r} has no value before the task runs: its keys are strings, not {key!r}")
        if self.key != RETURN_VALUE:
            raise RegistrationError(f"{self!r} is already an XCom with a key: get {key!r} from it inside the task")
        return XComArg(self._task, key)

    @property
    def is_mapped(self) -> bool:
        """Whether the task is mapped, and pushes one XCom per map index."""
        return self._task.mapped is not None

    def firsts(self) -> list[Node]:
        """The task that pushes it."""
        return [self._task]

    def lasts(self) -> list[Node]:
        """The task that pushes it."""
        return [self._task]


class DagParam(Reference):
    """A param of the Dag run, as an argument of a task: what the function of a Dag gets for each of its parameters.

    Attributes:
        name: the param's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"DagParam({self.name!r})"


def check_id(kind: str, value: object) -> None:
    """Check that Airflow accepts an id.

    Args:
        kind: `dag_id` or `task_id`.
        value: the id.

    Raises:
        RegistrationError: if it does not.
    """
    if not isinstance(value, str):
        raise RegistrationError(f"a {kind} is a str, not {value!r} of type {type(value).__name__}")
    if not value or not all(character.isalnum() or character in "_.-" for character in value):
        raise RegistrationError(
            f"Airflow refuses the {kind} {value!r}: use only letters, digits, underscores, dots and hyphens"
        )
    if len(value) > _MAX_ID_LENGTH:
        raise RegistrationError(
            f"the {kind} {value[:30]!r}... has {len(value)} characters: Airflow allows {_MAX_ID_LENGTH}"
        )


def connect(upstream: Iterable[Node], downstream: Iterable[Node]) -> None:
    """Let tasks run after others.

    Raises:
        RegistrationError: if the tasks belong to different Dags, or the graph would have a cycle.
    """
    downstream_tasks = list(downstream)
    for task in upstream:
        for other in downstream_tasks:
            if task.dag is not other.dag:
                raise RegistrationError(
                    f"task {task.task_id!r} belongs to Dag {task.dag.dag_id!r} and task {other.task_id!r} to Dag "
                    f"{other.dag.dag_id!r}: connect only tasks of one Dag"
                )
            task.dag.add_edge(task.task_id, other.task_id)


def _firsts(value: object) -> list[Node]:
    return [task for linked in list_linked(value) for task in linked.firsts()]


def _lasts(value: object) -> list[Node]:
    return [task for linked in list_linked(value) for task in linked.lasts()]


def list_linked(value: object) -> list[Linked]:
    """What `>>` connects: the items of a list, or the value itself.

    Raises:
        RegistrationError: if `>>` cannot connect it.
    """
    items = value if isinstance(value, (list, tuple, set)) else [value]
    linked = []
    for item in items:
        if not isinstance(item, Linked):
            raise RegistrationError(
                f">> connects tasks, task groups and results of calls in a `with dag:` block, not {item!r}"
            )
        linked.append(item)
    return linked
