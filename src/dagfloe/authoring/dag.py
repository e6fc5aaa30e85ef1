"""A Dag as it was registered: its tasks, its graph, and what is declared of it."""

from __future__ import annotations

from dagfloe.authoring.graph import XComArg
from dagfloe.authoring.task import Task
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta
    from typing import Any, TypedDict, overload

    from typing_extensions import Self, Unpack

    from dagfloe.authoring.group import TaskGroup
    from dagfloe.authoring.task import Outlet, RetryPolicy

    class SchedulingOptions(TypedDict, total=False):
        """What a task says to Airflow's scheduler."""

        depends_on_past: bool | None
        doc_md: str | None
        max_retry_delay: timedelta | float | None
        owner: str | None
        pool: str | None
        pool_slots: int | None
        priority_weight: int | None
        queue: str | None
        retries: int | None
        retry_delay: timedelta | float | None
        retry_exponential_backoff: bool | None
        trigger_rule: str | None

    class TaskOptions(SchedulingOptions, total=False):
        """What `Dag.task`, `Dag.branch` and `Dag.short_circuit` take beside the task_id."""

        outlets: Iterable[Outlet]
        inlets: Iterable[Outlet]
        multiple_outputs: bool
        retry_policy: RetryPolicy | None
        execution_timeout: timedelta | float | None


_MAX_ID_LENGTH = 250


class Dag:
    """One Dag's tasks, and what is declared of it. Made by `Bundle.dag`.

    Inside a `with dag:` block, calls of its tasks declare where their arguments come from, and `>>` what runs after
    what::

        with dag:
            load(transform(extract()), table="sales")
    """

    def __init__(self, dag_id: str, **declared: object) -> None:
        self.dag_id = dag_id
        #: What it says to Airflow's scheduler, by the names of `Bundle.dag`'s options.
        self.declared: dict[str, Any] = {}
        if declared:
            from dagfloe.authoring.options import check_dag_options  # noqa: PLC0415 - only for Dags that have options

            self.declared = check_dag_options(declared, f"Dag {dag_id!r}")
        #: The task groups by group_id, in the order of declaration.
        self.groups: dict[str, TaskGroup] = {}
        self.open_groups: list[str] = []
        self._tasks: dict[str, Task] = {}
        self._downstream: dict[str, list[str]] = {}
        self._open_blocks = 0

    def __repr__(self) -> str:
        return f"Dag({self.dag_id!r}, tasks={list(self._tasks)!r})"

    def __enter__(self) -> Self:
        self._open_blocks += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._open_blocks -= 1

    @property
    def is_wiring(self) -> bool:
        """Whether a `with dag:` block is open."""
        return self._open_blocks > 0

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The registered tasks by task_id, in the order of registration."""
        return self._tasks

    if TYPE_CHECKING:

        @overload
        def task(self, function: Callable[..., object], /) -> Task: ...

        @overload
        def task(
            self, /, *, task_id: str | None = None, **options: Unpack[TaskOptions]
        ) -> Callable[[Callable[..., object]], Task]: ...

    def task(
        self, function: Callable[..., object] | None = None, /, *, task_id: str | None = None, **options: Any
    ) -> Task | Callable[[Callable[..., object]], Task]:
        """Register a function as a task: `@dag.task`, or `@dag.task(task_id="other_name", ...)`.

        The task stays callable as the function is, so that unit tests call it.

        Args:
            function: the function; parameters annotated `Client`, `Context` or `logging.Logger` are passed when the
                task runs, others get what the task is called with in Airflow 3.4's stub Dag or in a `with dag:` block.
            task_id: the task's id in Airflow; the function's name when it is left out. In a task group, the group's id
                and a dot are put before it.
            options: as follows.

        Options that the task itself follows:
            outlets: assets of which the task tells when it has succeeded; the stub's own outlets are not known here.
            inlets: assets that the task reads.
            multiple_outputs: push each key of the map that is returned as an XCom of its own, too.
            retry_policy: gets the exception and the try_number, and answers with a `RetryDecision`.
            execution_timeout: how long it may run, as a timedelta or in seconds.

        Options for Airflow's scheduler, which reach it with the stub Dag that is made from the bundle:
            retries: how many tries there are after the first one.
            retry_delay: the time between two tries, as a timedelta or in seconds.
            retry_exponential_backoff: whether that time doubles with each try.
            max_retry_delay: what it then grows to at most.
            trigger_rule: when it runs, by the states of the tasks before it; `all_success` unless it is said.
            pool, pool_slots, priority_weight, queue, depends_on_past, owner, doc_md: as for an operator of Airflow.

        Raises:
            RegistrationError: for an id that Airflow does not accept, an id that is taken, or a function that cannot
                be a task.
        """
        return self._decorate("task", function, task_id, options)

    if TYPE_CHECKING:

        @overload
        def branch(self, function: Callable[..., object], /) -> Task: ...

        @overload
        def branch(
            self, /, *, task_id: str | None = None, **options: Unpack[TaskOptions]
        ) -> Callable[[Callable[..., object]], Task]: ...

    def branch(
        self, function: Callable[..., object] | None = None, /, *, task_id: str | None = None, **options: Any
    ) -> Task | Callable[[Callable[..., object]], Task]:
        """Register a task that returns the task_id, or the task_ids, to go on with; the others after it are skipped.

        What comes after it is declared in a `with dag:` block. Arguments as for `task`.
        """
        return self._decorate("branch", function, task_id, options)

    if TYPE_CHECKING:

        @overload
        def short_circuit(self, function: Callable[..., object], /) -> Task: ...

        @overload
        def short_circuit(
            self, /, *, task_id: str | None = None, **options: Unpack[TaskOptions]
        ) -> Callable[[Callable[..., object]], Task]: ...

    def short_circuit(
        self, function: Callable[..., object] | None = None, /, *, task_id: str | None = None, **options: Any
    ) -> Task | Callable[[Callable[..., object]], Task]:
        """Register a task after which all others are skipped when it returns something false.

        What comes after it is declared in a `with dag:` block. Arguments as for `task`.
        """
        return self._decorate("short_circuit", function, task_id, options)

    def group(self, group_id: str) -> TaskGroup:
        """Declare a task group: tasks that are registered in its `with` block belong to it, as do groups in it.

        Args:
            group_id: the group's id, to which the id of the group around it is added.

        Raises:
            RegistrationError: for an id that Airflow does not accept, or one that is taken.
        """
        from dagfloe.authoring.group import TaskGroup, check_group_id  # noqa: PLC0415 - few Dags have groups

        check_group_id(group_id)
        full_id = self._in_group(group_id)
        if full_id in self.groups or full_id in self._tasks:
            raise RegistrationError(f"Dag {self.dag_id!r} has a task or a task group {full_id!r} already: rename one")
        group = self.groups[full_id] = TaskGroup(self, full_id)
        return group

    def downstream_of(self, task_id: str) -> list[str]:
        """The tasks right after one, in the order of declaration."""
        return list(self._downstream.get(task_id, ()))

    def reachable_from(self, task_id: str) -> set[str]:
        """All tasks that come after one, near or far."""
        reached: set[str] = set()
        pending = self.downstream_of(task_id)
        while pending:
            each = pending.pop()
            if each not in reached:
                reached.add(each)
                pending += self.downstream_of(each)
        return reached

    def add_edge(self, upstream: str, downstream: str) -> None:
        """Let one task run after another; `>>` and calls are what authors use.

        Raises:
            RegistrationError: when the graph would have a cycle.
        """
        if upstream == downstream or upstream in self.reachable_from(downstream):
            raise RegistrationError(
                f"in Dag {self.dag_id!r}, task {downstream!r} would run both before and after {upstream!r}"
            )
        after = self._downstream.setdefault(upstream, [])
        if downstream not in after:
            after.append(downstream)

    def feeds_mapping(self, task_id: str) -> bool:
        """Whether another task is mapped over what a task returns."""
        return any(
            isinstance(value, XComArg) and value.task_id == task_id
            for task in self._tasks.values()
            for value in (task.mapped or {}).values()
        )

    def _in_group(self, name: str) -> str:
        return f"{self.open_groups[-1]}.{name}" if self.open_groups else name

    def _decorate(
        self, kind: str, function: Callable[..., object] | None, task_id: str | None, options: dict[str, Any]
    ) -> Task | Callable[[Callable[..., object]], Task]:
        if function is None:
            return lambda function: self._register(kind, function, task_id, options)
        if not callable(function):
            raise RegistrationError(f"@dag.{kind} got {function!r}: write @dag.{kind}(task_id={function!r})")
        return self._register(kind, function, task_id, options)

    def _register(self, kind: str, function: Any, task_id: str | None, options: dict[str, Any]) -> Task:
        if isinstance(function, Task):
            function = function.function  # one function as several tasks
        name = getattr(function, "__name__", "") if task_id is None else task_id
        if self.open_groups and isinstance(name, str):
            name = self._in_group(name)
        check_id("task_id", name)
        group = self.open_groups[-1] if self.open_groups else None
        defaults = self.declared.get("default_args", {})
        task = Task(self, name, function, kind=kind, group=group, **{**defaults, **options})
        if name in self._tasks or name in self.groups:
            raise RegistrationError(
                f"Dag {self.dag_id!r} has two tasks with the task_id {name!r}: rename one, or give it another task_id"
            )
        self._tasks[name] = task
        return task


def check_id(kind: str, value: object) -> None:
    """Complain of an id as Airflow would.

    Args:
        kind: `dag_id` or `task_id`.
        value: the id.

    Raises:
        RegistrationError: when Airflow would refuse it.
    """
    if not isinstance(value, str):
        raise RegistrationError(f"a {kind} is text, not {value!r} of type {type(value).__name__}")
    if not value or not all(character.isalnum() or character in "_.-" for character in value):
        raise RegistrationError(
            f"the {kind} {value!r} is refused by Airflow: use letters, digits, underscores, dots and hyphens only"
        )
    if len(value) > _MAX_ID_LENGTH:
        raise RegistrationError(
            f"the {kind} {value[:30]!r}... has {len(value)} characters: Airflow allows {_MAX_ID_LENGTH}"
        )
