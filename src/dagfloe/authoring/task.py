"""A task as it was registered: the author's function, what it asks for, and what is declared of it."""

from __future__ import annotations

from dagfloe.authoring.graph import Node, PartialTask, XComArg, connect, leaves, xcom_args
from dagfloe.authoring.parameters import read_parameters
from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import timedelta
    from typing import Any, TypeVar

    from dagfloe.authoring.dag import Dag
    from dagfloe.authoring.parameters import Parameter
    from dagfloe.authoring.retry import RetryDecision
    from dagfloe.model.assets import Asset, AssetAlias, AssetRef

    _Function = TypeVar("_Function", bound=Callable[..., object])
    Outlet = Asset | AssetRef | AssetAlias
    RetryPolicy = Callable[[BaseException, int], RetryDecision | None]


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
        self.execution_timeout_s = _seconds(execution_timeout, task_id)
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

    @property
    def _node_task(self) -> Task:  # type: ignore[override]
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; inside a `with dag:` block of its Dag, say what it will be called with.

        Raises:
            RegistrationError: inside the block, when the arguments do not fit or the task was called before.
        """
        if self.dag.is_wiring:
            return self._wire(self._by_name(args, kwargs))
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
        if not mapped:
            raise RegistrationError(f"{self!r}.expand() needs at least one argument to map over")
        for name, value in mapped.items():
            if isinstance(value, XComArg) and value.key != RETURN_VALUE:
                raise RegistrationError(f"{self!r} is mapped over {value!r} in {name!r}: only return values can be")
            if not isinstance(value, (XComArg, list, tuple, dict)):
                raise RegistrationError(f"{self!r} is mapped over {name!r}, which is no list, map or return value")
        both = sorted(set(shared) & set(mapped))
        if both:
            raise RegistrationError(f"{self!r} gets {both[0]!r} from both partial() and expand()")
        return self._wire(self._by_name((), {**shared, **mapped}), dict(mapped))

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

    def _by_name(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        free = {each.name: each for each in self.parameters if each.injected is None and not each.star}
        positional = [name for name, parameter in free.items() if not parameter.by_name]
        stars = {each.star: each.name for each in self.parameters if each.star}
        given = dict(zip(positional, args, strict=False))
        if len(args) > len(positional):
            if "*" not in stars:
                raise self._misfit(f"{len(args)} arguments by position, and takes {len(positional)}")
            given[stars["*"]] = args[len(positional) :]
        for name, value in kwargs.items():
            if name in given:
                raise self._misfit(f"its argument {name!r} twice")
            if name in free and free[name].by_position:
                raise self._misfit(f"{name!r} by name, and takes it by position")
            if name not in free and ("**" not in stars or name in {each.name for each in self.parameters}):
                raise self._misfit(f"{name!r}, and has no parameter of that name that can be given")
            given[name] = value
        for name, parameter in free.items():
            if name not in given and not parameter.has_default:
                raise self._misfit(f"no argument {name!r}, which it needs")
        return given

    def _misfit(self, what: str) -> RegistrationError:
        return RegistrationError(f"{self!r} is given {what}: call it as its function's signature says")

    def _check(self, arguments: Mapping[str, object]) -> None:
        if self.arguments is not None:
            raise RegistrationError(
                f"{self!r} was called twice in the Dag: register the function under another task_id for that"
            )
        for name, value in arguments.items():
            for each in leaves(value):
                if isinstance(each, Task):
                    raise RegistrationError(
                        f"{self!r} is given {each!r} itself in {name!r}: call it to pass what it returns"
                    )

    def _wire(self, arguments: dict[str, object], mapped: dict[str, object] | None = None) -> XComArg:
        self._check(arguments)
        connect((task for arg in xcom_args(arguments) for task in arg.lasts()), [self])
        self.arguments, self.mapped = arguments, mapped
        return XComArg(self)


def _seconds(span: timedelta | float | None, task_id: str) -> float | None:
    if span is None:
        return None
    seconds = span if isinstance(span, (int, float)) else span.total_seconds()
    if not seconds > 0:
        raise RegistrationError(f"the execution_timeout of task {task_id!r} is {seconds:g} s: it is longer than 0")
    return float(seconds)
