"""Registration: a `Bundle` holds Dags, a Dag holds tasks. Nothing here runs a task."""

from __future__ import annotations

from dagfloe.errors import RegistrationError
from dagfloe.task import Task
from dagfloe.wiring import XComArg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta
    from typing import Any, overload

    from typing_extensions import Self

    from dagfloe.task import Outlet, RetryPolicy

_OPTIONS = {"execution_timeout", "inlets", "multiple_outputs", "outlets", "retry_policy"}
_MAX_ID_LENGTH = 250


class Dag:
    """One Dag's tasks. Made by `Bundle.dag`; the schedule is in Airflow's stub Dag.

    Inside a `with dag:` block, calls of its tasks declare where their arguments come from, and `>>` what runs after
    what::

        with dag:
            load(transform(extract()), table="sales")
    """

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
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
            self,
            /,
            *,
            task_id: str | None = None,
            outlets: Iterable[Outlet] = (),
            inlets: Iterable[Outlet] = (),
            multiple_outputs: bool = False,
            retry_policy: RetryPolicy | None = None,
            execution_timeout: timedelta | float | None = None,
        ) -> Callable[[Callable[..., object]], Task]: ...

    def task(
        self, function: Callable[..., object] | None = None, /, *, task_id: str | None = None, **options: Any
    ) -> Task | Callable[[Callable[..., object]], Task]:
        """Register a function as a task: `@dag.task`, or `@dag.task(task_id="other_name", ...)`.

        The task stays callable as the function is, so that unit tests call it.

        Args:
            function: the function; parameters annotated `Client`, `Context` or `logging.Logger` are passed when the
                task runs, others get what the task is called with in Airflow 3.4's stub Dag or in a `with dag:` block.
            task_id: the task's id in Airflow; the function's name when it is left out.
            options: as follows.

        Options:
            outlets: assets of which the task tells when it has succeeded; the stub's own outlets are not known here.
            inlets: assets that the task reads.
            multiple_outputs: push each key of the map that is returned as an XCom of its own, too.
            retry_policy: gets the exception and the try_number, and answers with a `RetryDecision`.
            execution_timeout: how long it may run, as a timedelta or in seconds.

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
            self, /, *, task_id: str | None = None, **options: Any
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
            self, /, *, task_id: str | None = None, **options: Any
        ) -> Callable[[Callable[..., object]], Task]: ...

    def short_circuit(
        self, function: Callable[..., object] | None = None, /, *, task_id: str | None = None, **options: Any
    ) -> Task | Callable[[Callable[..., object]], Task]:
        """Register a task after which all others are skipped when it returns something false.

        What comes after it is declared in a `with dag:` block. Arguments as for `task`.
        """
        return self._decorate("short_circuit", function, task_id, options)

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

    def _decorate(
        self, kind: str, function: Callable[..., object] | None, task_id: str | None, options: dict[str, Any]
    ) -> Task | Callable[[Callable[..., object]], Task]:
        unknown = sorted(set(options) - _OPTIONS)
        if unknown:
            raise RegistrationError(f"@dag.{kind} has no option {unknown[0]!r}: it takes {', '.join(sorted(_OPTIONS))}")
        if function is None:
            return lambda function: self._register(kind, function, task_id, options)
        if not callable(function):
            raise RegistrationError(f"@dag.{kind} got {function!r}: write @dag.{kind}(task_id={function!r})")
        return self._register(kind, function, task_id, options)

    def _register(self, kind: str, function: Any, task_id: str | None, options: dict[str, Any]) -> Task:
        if isinstance(function, Task):
            function = function.function  # one function as several tasks
        name = getattr(function, "__name__", "") if task_id is None else task_id
        task = Task(self, name, function, kind=kind, **options)
        _check_id("task_id", name)
        if name in self._tasks:
            raise RegistrationError(
                f"Dag {self.dag_id!r} has two tasks with the task_id {name!r}: rename one, or give it another task_id"
            )
        self._tasks[name] = task
        return task


class Bundle:
    """What one bundle file offers to Airflow. A project has one, named in `[tool.dagfloe] bundle`."""

    def __init__(self) -> None:
        self._dags: dict[str, Dag] = {}

    def __repr__(self) -> str:
        return f"Bundle(dags={list(self._dags)!r})"

    @property
    def dags(self) -> Mapping[str, Dag]:
        """The registered Dags by dag_id, in the order of registration."""
        return self._dags

    def dag(self, dag_id: str) -> Dag:
        """Register a Dag.

        Args:
            dag_id: the id of the stub Dag in Airflow.

        Raises:
            RegistrationError: for an id that Airflow does not accept, or one that is taken.
        """
        _check_id("dag_id", dag_id)
        if dag_id in self._dags:
            raise RegistrationError(
                f"the bundle has two Dags with the dag_id {dag_id!r}: register it once and share it"
            )
        dag = self._dags[dag_id] = Dag(dag_id)
        return dag

    def find(self, dag_id: str, task_id: str) -> Task | None:
        """The task registered under these ids, if there is one."""
        dag = self._dags.get(dag_id)
        return dag.tasks.get(task_id) if dag else None


def _check_id(kind: str, value: object) -> None:
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
