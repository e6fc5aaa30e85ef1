"""Dags and their tasks, as a bundle registers them: the two classes know each other.

What runs after what is the business of `graph`, and what a call in a `with dag:` block means is that of `calls`.
"""

from __future__ import annotations

from dagfloe.authoring.calls import check_arguments, check_mapped, match_arguments, xcom_args
from dagfloe.authoring.graph import Graph, Node, XComArg, check_id, connect
from dagfloe.authoring.parameters import read_parameters
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta
    from typing import Any, TypeVar, overload

    from typing_extensions import Unpack

    from dagfloe.authoring.group import TaskGroup
    from dagfloe.authoring.options import Outlet, RetryPolicy, TaskOptions
    from dagfloe.authoring.parameters import Parameter

    _Function = TypeVar("_Function", bound=Callable[..., object])


class Dag(Graph):
    """One Dag's tasks, and what is declared of it. Made by `Bundle.dag`.

    Inside a `with dag:` block, calls of its tasks declare where their arguments come from, and `>>` what runs after
    what::

        with dag:
            load(transform(extract()), table="sales")
    """

    def __init__(self, dag_id: str, **declared: object) -> None:
        super().__init__(dag_id)
        #: What it says to Airflow's scheduler, by the names of `Bundle.dag`'s options.
        self.declared: dict[str, Any] = {}
        if declared:
            from dagfloe.authoring.options import check_dag_options  # noqa: PLC0415 - only for Dags that have options

            self.declared = check_dag_options(declared, f"Dag {dag_id!r}")
        #: The task groups by group_id, in the order of declaration.
        self.groups: dict[str, TaskGroup] = {}
        self._tasks: dict[str, Task] = {}

    def __repr__(self) -> str:
        return f"Dag({self.dag_id!r}, tasks={list(self._tasks)!r})"

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

    def first_task_ids(self, name: str) -> list[str]:
        """The tasks that a branch follows for a name: the first ones of a task group, or the task itself."""
        group = self.groups.get(name)
        return [name] if group is None else [task.task_id for task in group.firsts()]

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


class Task(Node):
    """A registered task. Calling it calls the author's function; inside a `with dag:` block it is wired instead.

    Attributes:
        dag: the Dag that it belongs to.
        task_id: the task's id.
        function: the author's function.
        parameters: what the function asks for.
        outlets: the assets and aliases that it tells of.
        inlets: the assets and aliases that it reads.
        multiple_outputs: whether each key of the map that it returns is an XCom, too.
        retry_policy: decides about another try; None for Airflow's own rule.
        execution_timeout_s: how long it may run, in seconds; None for no limit.
        kind: `task`, `branch` or `short_circuit`.
        group: the id of the task group that it is in; None for none.
        declared: what it says to Airflow's scheduler, by the names of `Dag.task`'s options.
        arguments: what it was called with in the `with dag:` block, by parameter; None when it was not.
        mapped: what it was expanded over, by parameter; None when it is not mapped.
        resumes: the functions that it may resume in, by name.
    """

    if TYPE_CHECKING:
        __name__: str
        dag: Dag
        group: str | None

    def __init__(
        self,
        dag: Dag,
        task_id: str,
        function: Callable[..., object],
        *,
        kind: str = "task",
        outlets: Iterable[Outlet] = (),
        inlets: Iterable[Outlet] = (),
        multiple_outputs: bool = False,
        retry_policy: RetryPolicy | None = None,
        execution_timeout: timedelta | float | None = None,
        group: str | None = None,
        **declared: object,
    ) -> None:
        self.dag = dag
        self.task_id = task_id
        self.function = function
        self.parameters: tuple[Parameter, ...] = read_parameters(function)
        self.kind = kind
        self.outlets = tuple(outlets)
        self.inlets = tuple(inlets)
        self.multiple_outputs = multiple_outputs
        self.retry_policy = retry_policy
        self.execution_timeout_s = None if execution_timeout is None else _timeout_s(execution_timeout, task_id)
        self.group = group
        self.declared: dict[str, object] = {}
        if declared:
            from dagfloe.authoring.options import check_task_options  # noqa: PLC0415 - only for tasks that have options

            self.declared = check_task_options(declared, f"task {task_id!r}")
        self.arguments: dict[str, object] | None = None
        self.mapped: dict[str, object] | None = None
        self.resumes: dict[str, tuple[Callable[..., object], tuple[Parameter, ...]]] = {}
        # As functools.wraps does, without importing functools.
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))
        self.__wrapped__ = function

    def __repr__(self) -> str:
        return f"Task({self.dag_id!r}, {self.task_id!r})"

    def __reduce__(self) -> str:
        return str(getattr(self, "__qualname__", self.task_id))  # by its name in its module, as functions are pickled

    @property
    def dag_id(self) -> str:
        """The Dag's id."""
        return self.dag.dag_id

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; inside a `with dag:` block of its Dag, say what it will be called with.

        Raises:
            RegistrationError: inside the block, when the arguments do not fit or the task was called before.
        """
        if self.dag.is_wiring:
            return self._wire(match_arguments(self, self.parameters, args, kwargs))
        if any(isinstance(value, XComArg) for value in (*args, *kwargs.values())):
            raise RegistrationError(
                f"{self!r} is given what another task returns outside of a `with dag:` block of its own Dag: "
                "call it inside one"
            )
        return self.function(*args, **kwargs)

    def expand(self, **mapped: object) -> XComArg:
        """Map the task inside a `with dag:` block: a task instance for each item, as the stub Dag does.

        Args:
            mapped: for each mapped parameter a list, a map, or the return value of another task. Of several, every
                combination is run; the last one changes fastest.

        Raises:
            RegistrationError: outside a `with dag:` block, or when the arguments do not fit.
        """
        return self.map_over({}, mapped)

    def partial(self, **kwargs: object) -> PartialTask:
        """Give the arguments that all task instances share, before `.expand()`."""
        return PartialTask(self, kwargs)

    def map_over(self, shared: Mapping[str, object], mapped: Mapping[str, object]) -> XComArg:
        """Map the task; `expand` and `partial` are what authors use."""
        if not self.dag.is_wiring:
            raise RegistrationError(f"{self!r}.expand() belongs into a `with dag:` block")
        check_mapped(self, shared, mapped)
        return self._wire(match_arguments(self, self.parameters, (), {**shared, **mapped}), dict(mapped))

    def resume(self, function: _Function) -> _Function:
        """Register a function in which the task may resume after it was deferred: `@task.resume`.

        Its parameters are passed as those of the task; further ones get `event` and the `kwargs` of the deferral.

        Raises:
            RegistrationError: when the task has one of that name, or it cannot be one.
        """
        name = function.__name__
        if name in self.resumes:
            raise RegistrationError(f"{self!r} has two functions named {name!r} to resume in: rename one")
        self.resumes[name] = (function, read_parameters(function))
        return function

    def resume_name(self, resume: Callable[..., object] | str | None) -> str:
        """What to send as `next_method` for what an author gave as `resume`.

        Raises:
            RegistrationError: when the task has no such function to resume in.
        """
        if resume is None or resume is self or resume is self.function:
            return self.task_id
        name = resume if isinstance(resume, str) else getattr(resume, "__name__", repr(resume))
        if name != self.task_id and name not in self.resumes:
            raise RegistrationError(
                f"{self!r} cannot resume in {name!r}: register the function with @{self.task_id}.resume"
            )
        return name

    def _wire(self, arguments: dict[str, object], mapped: dict[str, object] | None = None) -> XComArg:
        if self.arguments is not None:
            raise RegistrationError(
                f"{self!r} was called twice in the Dag: register the function under another task_id for that"
            )
        check_arguments(self, arguments)
        connect((task for arg in xcom_args(arguments) for task in arg.lasts()), [self])
        self.arguments, self.mapped = arguments, mapped
        return XComArg(self)


class PartialTask:
    """A task with some of its arguments set; the others are to be expanded. Made by `Task.partial`."""

    def __init__(self, task: Task, arguments: Mapping[str, object]) -> None:
        self._task = task
        self._arguments = arguments

    def expand(self, **mapped: object) -> XComArg:
        """Map the task: see `Task.expand`."""
        return self._task.map_over(self._arguments, mapped)


def _timeout_s(timeout: timedelta | float, task_id: str) -> float:
    from dagfloe.values.dates import to_seconds  # noqa: PLC0415 - only for tasks that have a timeout

    timeout_s = to_seconds(timeout)
    if not timeout_s > 0:
        raise RegistrationError(f"the execution_timeout of task {task_id!r} is {timeout_s:g} s: it is longer than 0")
    return timeout_s
