"""The graph that a bundle declares: which tasks run after which. Pure.

Authors declare it in a `with dag:` block, with calls of tasks and with `>>`. A call in the block runs nothing: it
records where the task's arguments come from, and returns an `XComArg` that stands for the task's return value.
"""

from __future__ import annotations

from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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
        edge_labels: the labels of edges, by the task_ids of the upstream and the downstream task.
    """

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        self.open_groups: list[str] = []
        self.edge_labels: dict[str, dict[str, str]] = {}
        self._downstream: dict[str, list[str]] = {}

    if TYPE_CHECKING:
        declared: dict[str, Any]

        @property
        def tasks(self) -> Mapping[str, Node]:
            """The tasks by task_id."""
            ...

        def full_id(self, name: str) -> str:
            """The id of a task or group that is registered now."""
            ...

        def add_group(self, group: Any) -> None:
            """Register a task group."""
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

    def check_setups(self) -> None:
        """Check the tasks right after setups: Airflow refuses other trigger rules than `all_success` for them.

        Raises:
            RegistrationError: if one has another trigger rule.
        """
        for setup in self.tasks.values():
            for task_id in self.downstream_of(setup.task_id) if setup.kind == "setup" else ():
                task = self.tasks[task_id]
                rule = task.declared.get("trigger_rule", "all_success")
                if task.kind != "teardown" and rule != "all_success":
                    raise RegistrationError(
                        f"{task!r} has the trigger_rule {rule!r} and runs right after the setup {setup.task_id!r}: "
                        "Airflow accepts only 'all_success' there"
                    )

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
    """What `>>` and `<<` connect: a task, the XCom of one, a task group, or a label between them."""

    is_label = False

    if TYPE_CHECKING:

        def firsts(self) -> list[Node]:
            """The tasks that run after what this is connected to."""
            ...

        def lasts(self) -> list[Node]:
            """The tasks that run before what this is connected to."""
            ...

    def __rshift__(self, other: Other) -> Other:
        _link([self], list_linked(other))
        return other

    def __lshift__(self, other: Other) -> Other:
        _link(list_linked(other), [self])
        return other

    def set_downstream(self, other: object) -> None:
        """Let others run after this, like `self >> other`."""
        _link([self], list_linked(other))

    def set_upstream(self, other: object) -> None:
        """Let this run after others, like `self << other`."""
        _link(list_linked(other), [self])

    def __rrshift__(self, other: object) -> Self:
        _link(list_linked(other), [self])
        return self

    def __rlshift__(self, other: object) -> Self:
        _link([self], list_linked(other))
        return self


class Node(Linked):
    """A task, as far as the graph needs it: the base of `Task`."""

    if TYPE_CHECKING:
        task_id: str
        kind: str
        declared: dict[str, object]
        on_failure_fail_dagrun: bool
        is_mapping_source: bool

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

    def as_setup(self) -> Self:
        """Make the task a setup: `Dag.setup` says what that is.

        Raises:
            RegistrationError: if it is a branch, a short circuit or a teardown.
        """
        self._become("setup")
        return self

    def as_teardown(self, *, setups: object = None, on_failure_fail_dagrun: bool | None = None) -> Self:
        """Make the task a teardown: `Dag.teardown` says what that is. Its trigger rule is Airflow's choice.

        Args:
            setups: a task, or several, that become setups and run before it.
            on_failure_fail_dagrun: whether the Dag run fails if the teardown fails; by default it does not.

        Raises:
            RegistrationError: if it is a branch, a short circuit or a setup, or one of the setups cannot be a setup.
        """
        self._become("teardown")
        self.declared.pop("trigger_rule", None)
        if on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = on_failure_fail_dagrun
        setup_tasks = [task for linked in list_linked([] if setups is None else setups) for task in linked.firsts()]
        for setup in setup_tasks:
            setup.as_setup()
        connect(setup_tasks, [self])
        return self

    def as_mapping_source(self) -> Self:
        """Declare that a task outside the bundle is mapped over the return value, with `.expand()` in a Dag file.

        Airflow makes as many instances of that task as the list or dict has items, so the task reports how many.
        """
        self.is_mapping_source = True
        return self

    def _become(self, kind: str) -> None:
        if self.kind not in ("task", kind):
            raise RegistrationError(f"{self!r} is a {self.kind.replace('_', ' ')}: it cannot be a {kind}, too")
        self.kind = kind


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


def connect(upstream: Iterable[Node], downstream: Iterable[Node], label: str | None = None) -> None:
    """Let tasks run after others.

    Args:
        upstream: the tasks that run first.
        downstream: the tasks that run after them.
        label: the label of the edges; None for none.

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
            if label is not None:
                task.dag.edge_labels.setdefault(task.task_id, {})[other.task_id] = label


def _link(upstream: list[Linked], downstream: list[Linked]) -> None:
    before, after = _labels(upstream), _labels(downstream)
    for label in before:
        label.attach(downstream=downstream)
    for label in after:
        label.attach(upstream=upstream)
    if not before and not after:
        connect(
            [task for linked in upstream for task in linked.lasts()],
            [task for linked in downstream for task in linked.firsts()],
        )


def _labels(items: list[Linked]) -> list[Any]:
    labels = [item for item in items if item.is_label]
    if labels and len(items) > 1:
        raise RegistrationError(f"{labels[0]!r} is in a list of tasks: put it before or after the list")
    return labels


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
