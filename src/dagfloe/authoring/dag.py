"""Dags and tasks as authors register them. A Dag and its tasks refer to one another, so they share this module.

`graph` holds the order of the tasks, and `calls` checks the arguments of calls in a `with dag:` block.
"""

from __future__ import annotations

from dagfloe.authoring.graph import Graph, Node, check_id, connect, innermost_graph
from dagfloe.authoring.parameters import read_parameters
from dagfloe.authoring.references import DagParam, OutsideXCom, Reference, XComArg
from dagfloe.constants import RETURN_VALUE
from dagfloe.coroutines import is_asynchronous
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import timedelta
    from typing import Any, TypeVar, overload

    from typing_extensions import Unpack

    from dagfloe.authoring.dag_function import DagFunction
    from dagfloe.authoring.group import TaskGroup
    from dagfloe.authoring.parameters import Parameter
    from dagfloe.authoring.scheduling.options import (
        Callback,
        GroupOptions,
        Outlet,
        RetryPolicy,
        TaskOptions,
        TeardownOptions,
    )

    _Function = TypeVar("_Function", bound=Callable[..., object])

#: More than any task takes, and less than the system's timers can count.
_MAX_TIMEOUT_S = 100 * 365 * 86400.0
_NO_CALLBACKS: Mapping[str, tuple[Callback, ...]] = {}


class Dag(Graph):
    """A Dag, its tasks and its options. Create it with `Bundle.dag`.

    Inside a `with dag:` block, a call of a task declares where the task's arguments come from, and `>>` declares the
    order of tasks::

        with dag:
            load(transform(extract()), table="sales")
    """

    def __init__(self, dag_id: str, **options: object) -> None:
        super().__init__(dag_id)
        #: The options for Airflow's scheduler, by the names that they have in `Bundle.dag`. Of the params, `params` has
        #: the defaults, and `param_schemas` what is declared with `Param`.
        self.declared: dict[str, Any] = {}
        if options:
            from dagfloe.authoring.scheduling.dag_options import check_dag_options  # noqa: PLC0415 - not for Dags without options

            self.declared = check_dag_options(options, f"Dag {dag_id!r}")
        #: The name of the module that registered the Dag; None if it is unknown. Airflow shows the module's source.
        self.module: str | None = None
        #: The task groups by group_id, in the order of declaration.
        self.groups: dict[str, TaskGroup] = {}
        #: How many tasks `unique_id` has seen, and the highest number after a name, by the beginning of the full id.
        self.suffixes: dict[str, tuple[int, int]] = {}
        #: What only the Dag file declares: see `outside`.
        self.outside_downstream: dict[str, list[str]] = {}
        self.outside_groups: dict[str, list[str]] = {}
        self.outside_teardowns: set[str] = set()
        self._tasks: dict[str, Task] = {}
        self._function: DagFunction | None = None

    def __repr__(self) -> str:
        return f"Dag({self.dag_id!r}, tasks={list(self._tasks)!r})"

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The registered tasks by task_id, in the order of registration."""
        return self._tasks

    @property
    def default_params(self) -> Mapping[str, object]:
        """The defaults of its params by name; a param without a default is missing."""
        return self.declared.get("params") or {}

    def __call__(self, function: Callable[..., object]) -> Callable[..., Dag]:
        """Declare the Dag with a function, as in `@bundle.dag("sales", ...)`.

        The body of the function runs once, inside a `with` block of the Dag. It runs when you call the function; if
        your module never calls it, it runs without arguments when dagfloe reads the bundle. The defaults of its
        parameters, or the arguments of the call, become params. Its docstring becomes `doc_md`, unless you set that.

        Args:
            function: the function.

        Returns:
            A function that runs the body and returns the Dag.

        Raises:
            RegistrationError: if the Dag has a function already, or the function cannot declare one.
        """
        from dagfloe.authoring.dag_function import DagFunction  # noqa: PLC0415 - few Dags are functions

        if self._function is not None:
            raise RegistrationError(f"{self!r} already has the function {self._function!r}: give each Dag one function")
        self._function = DagFunction(self, function)
        return self._function

    def finish(self) -> None:
        """Run the body of the Dag's function, if it has one that was not called. Authors call the function instead."""
        if self._function is not None:
            self._function.finish()

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

        You can still call the function, for example in unit tests.

        Args:
            function: the function. The runtime passes parameters annotated as `Client`, `Context` or
                `logging.Logger`. Other parameters get the arguments of the task's call in a `with dag:` block, or in
                the stub Dag from Airflow 3.4 on.
            task_id: the task's id in Airflow, by default the function's name. In a task group, the group's id and a dot
                precede it.
            options: as follows.

        Options that the task's process follows:
            outlets: an asset, or several, for which the task emits events when it succeeds. It does not know the
                outlets of a stub Dag that you write by hand.
            inlets: an asset, or several, that the task reads.
            multiple_outputs: whether to push every key of the returned dict as an XCom of its own, too.
            retry_policy: a function that gets the exception and the try_number, and returns a `RetryDecision`.
            execution_timeout: how long the task may run, as a timedelta or in seconds.

            do_xcom_push: whether to push the returned value as an XCom; by default, True.
            on_execute_callback, on_success_callback, on_failure_callback, on_retry_callback, on_skipped_callback: a
                function, or several, to call with the `Context` before the task's function, or after the end of the
                task. `context.exception` is the exception of a task that failed.

        Options for Airflow's scheduler, which dagfloe writes into the Dag that it makes from the bundle:
            retries: how often to retry the task after its first try.
            retry_delay: the time between two tries, as a timedelta or in seconds.
            retry_exponential_backoff: whether this time doubles with every try, or the number that multiplies it.
            max_retry_delay: the limit up to which it grows.
            trigger_rule: the states of upstream tasks that let the task run; by default `all_success`.
            start_date, end_date: the first and the last logical date for which the task runs.
            depends_on_past, wait_for_downstream, ignore_first_depends_on_past, wait_for_past_depends_before_skipping,
            pool, pool_slots, priority_weight, weight_rule, queue, executor, executor_config, max_active_tis_per_dag,
            max_active_tis_per_dagrun, owner, task_display_name, doc, doc_md, doc_json, doc_yaml, doc_rst: as for an
            Airflow operator.

        Raises:
            RegistrationError: if Airflow does not accept the id, another task has the id, or the function cannot be a
                task.
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
        """Register a task that returns the task_id, or the task_ids, to follow. The other tasks after it are skipped.

        Declare the tasks after it in a `with dag:` block. The arguments are those of `task`.
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
        """Register a task that skips all tasks after it if it returns a false value.

        Declare the tasks after it in a `with dag:` block. The arguments are those of `task`.
        """
        return self._decorate("short_circuit", function, task_id, options)

    if TYPE_CHECKING:

        @overload
        def setup(self, function: Callable[..., object], /) -> Task: ...

        @overload
        def setup(
            self, /, *, task_id: str | None = None, **options: Unpack[TaskOptions]
        ) -> Callable[[Callable[..., object]], Task]: ...

    def setup(
        self, function: Callable[..., object] | None = None, /, *, task_id: str | None = None, **options: Any
    ) -> Task | Callable[[Callable[..., object]], Task]:
        """Register a setup: a task that creates what the tasks after it need, such as a cluster or a table.

        If you clear one of these tasks in Airflow, the setup runs again, too. The arguments are those of `task`.
        """
        return self._decorate("setup", function, task_id, options)

    if TYPE_CHECKING:

        @overload
        def teardown(self, function: Callable[..., object], /) -> Task: ...

        @overload
        def teardown(
            self, /, *, task_id: str | None = None, **options: Unpack[TeardownOptions]
        ) -> Callable[[Callable[..., object]], Task]: ...

    def teardown(
        self, function: Callable[..., object] | None = None, /, *, task_id: str | None = None, **options: Any
    ) -> Task | Callable[[Callable[..., object]], Task]:
        """Register a teardown: a task that deletes what a setup created.

        It runs if its setups succeeded, whatever happened to the other tasks before it. Its failure fails the Dag run
        only with `on_failure_fail_dagrun=True`. The other arguments are those of `task`, without `trigger_rule`.

        Let it run after its setups: `setup >> work >> teardown` and `setup >> teardown`, or
        `teardown.as_teardown(setups=setup)`.
        """
        return self._decorate("teardown", function, task_id, options)

    def xcom(self, task_id: str, key: str = RETURN_VALUE, *, is_mapped: bool | None = None) -> OutsideXCom:
        """The XCom of a task that is not in the bundle, as an argument of a task in a `with dag:` block.

        Use it where only some tasks of a Dag are in the bundle, and a Dag file has the others::

            with dag:
                report(dag.xcom("extract"))

        The Dag file declares that `report` runs after `extract`. A native Dag has no Dag file, so all of its tasks are
        in the bundle: pass it what their calls return instead.

        Args:
            task_id: the task that pushes the XCom. In a task group, the group's id and a dot precede it.
            key: the XCom's key.
            is_mapped: whether that task is mapped: then the value is the sequence of what its instances pushed. By
                default, dagfloe looks for both.

        Raises:
            RegistrationError: if Airflow does not accept the task_id, or the key is not a str.
        """
        check_id("task_id", task_id)
        if not isinstance(key, str):
            raise RegistrationError(f"the key of an XCom is a str, not {key!r} of type {type(key).__name__}")
        return OutsideXCom(task_id, key, is_mapped=is_mapped)

    def param(self, name: str) -> DagParam:
        """A param of the Dag run, as an argument of a task in a `with dag:` block.

        Args:
            name: the param's name. It may be one that only the Dag file declares.

        Raises:
            RegistrationError: if the name is not a str.
        """
        if not isinstance(name, str):
            raise RegistrationError(f"the name of a param is a str, not {name!r} of type {type(name).__name__}")
        return DagParam(name)

    def outside(
        self,
        downstream: Mapping[str, Iterable[str]],
        *,
        teardowns: Iterable[str] = (),
        groups: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Declare which tasks run after others, where only a Dag file declares it.

        A branch or a short circuit of the bundle skips tasks after it. If these are not in the bundle, or the Dag file
        connects them, the bundle needs to know their order::

            dag.outside({"choose": ["small", "large"], "small": ["join"], "large": ["join"]})

        Args:
            downstream: the tasks right after a task, by its task_id, for the branch and for all tasks after it.
            teardowns: the tasks among them that are teardowns: a short circuit does not skip them.
            groups: the first tasks of the task groups that a branch may choose, by group_id.

        Raises:
            RegistrationError: if an id is not one that Airflow accepts.
        """
        added = {task_id: list(task_ids) for task_id, task_ids in downstream.items()}
        named = {group_id: list(task_ids) for group_id, task_ids in (groups or {}).items()}
        self.outside_teardowns |= set(teardowns)
        for source in (added, named):
            for key, values in source.items():
                for task_id in (key, *values):
                    check_id("task_id", task_id)
        self.outside_downstream.update(added)
        self.outside_groups.update(named)

    def group(self, group_id: str, **options: Unpack[GroupOptions]) -> TaskGroup:
        """Declare a task group. Tasks and groups that you register in its `with` block belong to it.

        Args:
            group_id: the group's id. Inside another group, that group's id and a dot precede it.
            options: as follows.

        Options:
            default_args: default options for its tasks: see `Dag.task`. They precede those of the Dag.
            tooltip: shown in Airflow's graph.
            group_display_name: the name that Airflow shows.
            doc_md: documentation in Markdown.
            ui_color, ui_fgcolor: the colors of the box and of the text in Airflow's graph.

        Raises:
            RegistrationError: if Airflow does not accept the id or an option, or a task or another group has the id.
        """
        from dagfloe.authoring.group import TaskGroup  # noqa: PLC0415 - few Dags have groups

        return TaskGroup(group_id, dag=self, **options)

    def add_group(self, group: TaskGroup) -> None:
        """Register a task group. Authors call `group`.

        Raises:
            RegistrationError: if a task or another group has its id.
        """
        if self.has_id(group.group_id):
            raise RegistrationError(
                f"Dag {self.dag_id!r} already has a task or a task group {group.group_id!r}: rename one"
            )
        self.groups[group.group_id] = group

    def has_id(self, full_id: str) -> bool:
        """Whether a task or a task group has an id."""
        return full_id in self._tasks or full_id in self.groups

    @staticmethod
    def innermost() -> Dag | None:
        """The Dag whose `with` block is open, the innermost one; None outside of all blocks."""
        graph = innermost_graph()
        return graph if isinstance(graph, Dag) else None

    def first_task_ids(self, name: str) -> list[str]:
        """The tasks that a branch to this name follows: the first tasks of a task group, or the task itself."""
        group = self.groups.get(name)
        if group is None and name in self.outside_groups:
            return self.outside_groups[name]
        return [name] if group is None else [task.task_id for task in group.firsts()]

    def followers_of(self, task_id: str) -> list[str]:
        """The tasks right after one, those that only the Dag file has included."""
        return list(dict.fromkeys((*self.downstream_of(task_id), *self.outside_downstream.get(task_id, ()))))

    def all_followers_of(self, task_id: str) -> list[str]:
        """All tasks that run after one, directly or through others; those that only the Dag file has included."""
        reached: dict[str, None] = {}
        pending = self.followers_of(task_id)
        while pending:
            follower = pending.pop(0)
            if follower not in reached:
                reached[follower] = None
                pending += self.followers_of(follower)
        return list(reached)

    def is_teardown(self, task_id: str) -> bool:
        """Whether a task is a teardown."""
        task = self._tasks.get(task_id)
        return task_id in self.outside_teardowns if task is None else task.kind == "teardown"

    def feeds_mapping(self, task_id: str) -> bool:
        """Whether another task is mapped over a task's return value."""
        return self._tasks[task_id].is_mapping_source or any(
            isinstance(value, XComArg) and value.task_id == task_id
            for task in self._tasks.values()
            for value in (task.mapped or {}).values()
        )

    def full_id(self, name: str) -> str:
        """The id of a task or group that is registered now: the id of the innermost open group precedes the name."""
        return f"{self.open_groups[-1]}.{name}" if self.open_groups else name

    def current_default_args(self) -> dict[str, Any]:
        """The default options of a task that is registered now."""
        defaults: dict[str, Any] = dict(self.declared.get("default_args", {}))
        for group_id in self.open_groups:
            defaults |= self.groups[group_id].default_args
        return defaults

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
            name = self.full_id(name)
        check_id("task_id", name)
        group = self.open_groups[-1] if self.open_groups else None
        if kind == "teardown" and options.get("trigger_rule") is not None:
            raise RegistrationError(f"task {name!r} is a teardown, and Airflow chooses its trigger_rule: remove it")
        task = Task(self, name, function, kind, group, **{**self.current_default_args(), **options})
        if self.declared.get("fail_fast") and task.declared.get("trigger_rule", "all_success") != "all_success":
            raise RegistrationError(
                f"task {name!r} has the trigger_rule {task.declared['trigger_rule']!r}, and Dag {self.dag_id!r} has "
                "fail_fast=True: Airflow accepts only 'all_success' there"
            )
        if name in self._tasks or name in self.groups:
            raise RegistrationError(
                f"Dag {self.dag_id!r} has two tasks with the task_id {name!r}: rename one, or give it another task_id"
            )
        self._tasks[name] = task
        return task


class Task(Node):
    """A registered task. A call calls the author's function; inside a `with dag:` block, it declares the arguments.

    Attributes:
        dag: the Dag that it belongs to.
        task_id: the task's id.
        function: the author's function.
        parameters: the function's parameters.
        outlets: the assets and aliases for which it emits events.
        inlets: the assets and aliases that it reads.
        multiple_outputs: whether every key of the dict that it returns becomes an XCom, too.
        retry_policy: decides whether to retry; None for Airflow's own rule.
        execution_timeout_s: how long it may run, in seconds; None for no limit.
        callbacks: the callbacks by option, such as `on_failure_callback`.
        kind: `task`, `branch`, `short_circuit`, `setup` or `teardown`.
        on_failure_fail_dagrun: whether the Dag run fails if this teardown fails.
        group: the id of its task group; None outside of groups.
        declared: the options for Airflow's scheduler, by the names that they have in `Dag.task`.
        arguments: the arguments of its call in the `with dag:` block, by parameter; None without such a call.
        mapped: the values that it is mapped over, by parameter; None if it is not mapped.
        resumes: the functions in which it may resume, by name.
        is_mapping_source: whether a task that is not in the bundle is mapped over its return value.
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
        kind: str,
        group: str | None,
        /,
        *,
        outlets: Outlet | Iterable[Outlet] | None = None,
        inlets: Outlet | Iterable[Outlet] | None = None,
        multiple_outputs: bool = False,
        retry_policy: RetryPolicy | None = None,
        execution_timeout: timedelta | float | None = None,
        on_failure_fail_dagrun: bool = False,
        **options: object,
    ) -> None:
        self.dag = dag
        self.task_id = task_id
        self.function = function
        self.parameters: tuple[Parameter, ...] = read_parameters(function)
        self.kind = kind
        self.outlets: tuple[Outlet, ...] = ()
        self.inlets: tuple[Outlet, ...] = ()
        if outlets or inlets:
            from dagfloe.authoring.scheduling.task_assets import read_assets  # noqa: PLC0415 - few tasks have assets

            self.outlets = read_assets("outlets", outlets or (), task_id)
            self.inlets = read_assets("inlets", inlets or (), task_id)
        self.multiple_outputs = multiple_outputs
        if retry_policy is not None and is_asynchronous(retry_policy):
            raise RegistrationError(
                f"the retry_policy of task {task_id!r} is asynchronous: it decides at once, so define it with `def`"
            )
        self.retry_policy = retry_policy
        self.execution_timeout_s = None if execution_timeout is None else _timeout_s(execution_timeout, task_id)
        self.group = group
        self.callbacks = _NO_CALLBACKS
        if any(name.endswith("_callback") for name in options):
            from dagfloe.authoring.scheduling.callbacks import take_callbacks  # noqa: PLC0415 - few tasks have callbacks

            self.callbacks = take_callbacks(options, task_id)
        self.declared: dict[str, object] = {}
        if options:
            from dagfloe.authoring.scheduling.options import check_task_options  # noqa: PLC0415 - not for tasks without options

            self.declared = check_task_options(options, f"task {task_id!r}")
        self.on_failure_fail_dagrun = False
        if on_failure_fail_dagrun and kind != "teardown":
            raise RegistrationError(f"task {task_id!r} has on_failure_fail_dagrun, but only a teardown may: remove it")
        if kind == "teardown":
            self.as_teardown(on_failure_fail_dagrun=on_failure_fail_dagrun)
        self.arguments: dict[str, object] | None = None
        self.mapped: dict[str, object] | None = None
        self.resumes: dict[str, tuple[Callable[..., object], tuple[Parameter, ...]]] = {}
        self.is_mapping_source = False
        # As functools.wraps does, without importing functools.
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))
        self.__wrapped__ = function

    def __repr__(self) -> str:
        return f"Task({self.dag_id!r}, {self.task_id!r})"

    def __reduce__(self) -> str:
        return str(
            getattr(self, "__qualname__", self.task_id)
        )  # pickle finds it by its name in its module, like a function

    @property
    def dag_id(self) -> str:
        """The Dag's id."""
        return self.dag.dag_id

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function. Inside a `with dag:` block of its Dag, declare the arguments of its later call.

        Raises:
            RegistrationError: inside the block, if the arguments do not fit the function or the task was already
                called.
        """
        if self.dag.is_wiring:
            return self._wire(args, kwargs)
        if any(isinstance(value, Reference) for value in (*args, *kwargs.values())):
            raise RegistrationError(
                f"{self!r} got a value that is known only when a task runs, outside of a `with dag:` block of its "
                "Dag: call it inside one"
            )
        return self.function(*args, **kwargs)

    @property
    def output(self) -> XComArg:
        """The task's return value, as an argument of another task in a `with dag:` block."""
        return XComArg(self)

    def expand(self, **mapped: object) -> XComArg:
        """Map the task inside a `with dag:` block: Airflow runs one task instance for every item.

        Args:
            mapped: by parameter, a list, a dict, or the return value of another task. With several parameters, Airflow
                runs every combination; the last parameter changes fastest.

        Raises:
            RegistrationError: outside a `with dag:` block, or if the arguments do not fit the function.
        """
        return self.map_over({}, mapped)

    def partial(self, **kwargs: object) -> PartialTask:
        """Set the arguments that all task instances share, before `.expand()`."""
        return PartialTask(self, kwargs)

    def map_over(self, shared: Mapping[str, object], mapped: Mapping[str, object]) -> XComArg:
        """Map the task. Authors use `expand` and `partial`."""
        if not self.dag.is_wiring:
            raise RegistrationError(f"{self!r}.expand() is outside of a `with dag:` block: call it inside one")
        from dagfloe.authoring.calls import check_mapped  # noqa: PLC0415 - few tasks are mapped

        check_mapped(self, shared, mapped)
        return self._wire((), {**shared, **mapped}, dict(mapped))

    def resume(self, function: _Function) -> _Function:
        """Register a function in which the task may resume after it was deferred: `@task.resume`.

        Its parameters get the task's arguments, `event`, and the `kwargs` of the deferral, by name.

        Raises:
            RegistrationError: if the task already has a function of this name to resume in, or the function cannot
                be a task's function.
        """
        name = function.__name__
        if name in self.resumes:
            raise RegistrationError(f"{self!r} has two functions named {name!r} to resume in: rename one")
        self.resumes[name] = (function, read_parameters(function))
        return function

    def resume_name(self, resume: Callable[..., object] | str | None) -> str:
        """The `next_method` to send for the `resume` argument of a deferral.

        Raises:
            RegistrationError: if the task has no such function to resume in.
        """
        if resume is None or resume is self or getattr(resume, "function", resume) is self.function:
            return self.task_id
        name = resume if isinstance(resume, str) else getattr(resume, "__name__", repr(resume))
        if name != self.task_id and name not in self.resumes:
            raise RegistrationError(
                f"{self!r} cannot resume in {name!r}: register the function with @{self.task_id}.resume"
            )
        return name

    def _wire(
        self, args: Sequence[object], kwargs: Mapping[str, object], mapped: dict[str, object] | None = None
    ) -> XComArg:
        from dagfloe.authoring.calls import check_arguments, match_arguments, xcom_args  # noqa: PLC0415 - as above
        from dagfloe.authoring.templates import take_literals  # noqa: PLC0415 - as above

        arguments = match_arguments(self, self.parameters, args, kwargs)
        if self.arguments is not None:
            raise RegistrationError(
                f"{self!r} was called twice in the Dag: register the function again under another task_id"
            )
        check_arguments(self, arguments)
        connect((task for arg in xcom_args(arguments) for task in arg.lasts()), [self])
        self.arguments = take_literals(self, arguments)
        self.mapped = None if mapped is None else {name: self.arguments[name] for name in mapped}
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
    if not 0 < timeout_s <= _MAX_TIMEOUT_S:
        raise RegistrationError(
            f"the execution_timeout of task {task_id!r} is {timeout_s:g} s: use more than 0 and at most 100 years"
        )
    return timeout_s
