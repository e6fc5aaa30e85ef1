"""`@task`: functions that become tasks where they are called, in any Dag whose block is open.

A Dag's block is a `with dag:` block or the body of a Dag's function. There, each call registers a task, declares its
arguments, and returns an `XComArg`. Outside of all blocks, a call runs the function: so unit tests can call it, and
tasks can share it as a helper, as with the tasks of `@dag.task`.
"""

from __future__ import annotations

from dagfloe.authoring.dag import Dag
from dagfloe.authoring.functions import read_docstring, read_return_type
from dagfloe.authoring.references import Reference
from dagfloe.authoring.taskflow.unique_ids import unique_id
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn, TypeVar

    from typing_extensions import Unpack

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.references import XComArg
    from dagfloe.authoring.scheduling.options import TaskOptions

    _Function = TypeVar("_Function", bound=Callable[..., object])

#: What to write instead of what Airflow's functions have.
_ADVICE = {"expand_kwargs": "return one list for each parameter from a task, and map over them with .expand()"}
_DOCS = ("doc", "doc_json", "doc_md", "doc_rst", "doc_yaml")


class TaskFunction:
    """A function that becomes a task where it is called. Create it with `@task`.

    Attributes:
        function: the author's function.
    """

    if TYPE_CHECKING:
        __name__: str

    def __init__(self, kind: str, function: Callable[..., object], options: Mapping[str, Any]) -> None:
        self.function = function
        self._kind = kind
        self._options = dict(options)
        self._shared: dict[str, object] = {}
        # These two are shared with the copies that `override` and `partial` make.
        self._resumes: list[Callable[..., object]] = []
        self._tasks: list[Task] = []
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))
        self.__wrapped__ = function

    if not TYPE_CHECKING:  # type checkers shall find unknown names

        def __getattr__(self, name: str) -> NoReturn:
            advice = f": {_ADVICE[name]}" if name in _ADVICE else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{advice}")

    def __repr__(self) -> str:
        return f"TaskFunction({getattr(self, '__qualname__', self.function)!r})"

    def __reduce__(self) -> str:
        return str(getattr(self, "__qualname__", ""))  # pickle finds it by its name in its module, like a function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Register a task and declare its arguments, in the block of a Dag; outside of blocks, call the function.

        Raises:
            RegistrationError: in a block, if the function cannot be a task, or the arguments do not fit it; outside,
                if an argument is the result of a call in a block.
        """
        kwargs = {**self._shared, **kwargs}
        dag = Dag.innermost()
        if dag is not None:
            return self._register(dag)(*args, **kwargs)
        if any(isinstance(value, Reference) for value in (*args, *kwargs.values())):
            raise RegistrationError(
                f"{self!r} got a value that is known only when a task runs, outside of the block of a Dag: call it in "
                "a `with dag:` block or in the body of a Dag's function"
            )
        return self.function(*args, **kwargs)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that its calls, and those of its copies, have registered."""
        return tuple(self._tasks)

    def override(self, *, task_id: str | None = None, **options: Unpack[TaskOptions]) -> TaskFunction:
        """The same function with other options.

        Args:
            task_id: the task_id of the tasks that its calls register.
            options: as for `Dag.task`.
        """
        named = {} if task_id is None else {"task_id": task_id}
        return self._copy({**self._options, **options, **named}, self._shared)

    def partial(self, **kwargs: object) -> TaskFunction:
        """The same function with some arguments set, which all task instances of `.expand()` share."""
        both = sorted(set(kwargs) & set(self._shared))
        if both:
            raise RegistrationError(f"{self!r} gets {both[0]!r} from partial() twice: pass it once")
        return self._copy(self._options, {**self._shared, **kwargs})

    def expand(self, **mapped: object) -> XComArg:
        """Register a task that is mapped, in the block of a Dag: see `Task.expand`.

        Raises:
            RegistrationError: outside of the block of a Dag, or if the arguments do not fit the function.
        """
        dag = Dag.innermost()
        if dag is None:
            raise RegistrationError(
                f"{self!r}.expand() is outside of the block of a Dag: call it in a `with dag:` block or in the body of "
                "a Dag's function"
            )
        return self._register(dag).map_over(self._shared, mapped)

    def resume(self, function: _Function) -> _Function:
        """Register a function in which its tasks may resume after they were deferred: see `Task.resume`.

        Raises:
            RegistrationError: if there already is a function of this name, or the function cannot be a task's function.
        """
        if any(other.__name__ == function.__name__ for other in self._resumes):
            raise RegistrationError(f"{self!r} has two functions named {function.__name__!r} to resume in: rename one")
        self._resumes.append(function)
        for registered in self._tasks:
            registered.resume(function)
        return function

    def with_kind(self, kind: str, options: Mapping[str, Any]) -> TaskFunction:
        """The same function as another kind of task.

        Args:
            kind: the name of a method of `Dag`.
            options: further options.
        """
        return self._copy({**self._options, **options}, self._shared, kind)

    def _copy(self, options: Mapping[str, Any], shared: Mapping[str, object], kind: str = "") -> TaskFunction:
        copied = TaskFunction(kind or self._kind, self.function, options)
        copied._shared = dict(shared)
        copied._resumes, copied._tasks = self._resumes, self._tasks
        return copied

    def _register(self, dag: Dag) -> Task:
        options = {name: value for name, value in self._options.items() if value is not None}
        name = options.pop("task_id", getattr(self.function, "__name__", ""))
        if isinstance(name, str):
            name = unique_id(dag, name)
        defaults = {**dag.current_default_args(), **options}
        docstring = read_docstring(self.function)
        if docstring and not any(kind in defaults for kind in _DOCS):
            options["doc_md"] = docstring
        if "multiple_outputs" not in defaults and _returns_dict(self.function):
            options["multiple_outputs"] = True
        registered: Task = getattr(dag, self._kind)(task_id=name, **options)(self.function)
        for function in self._resumes:
            registered.resume(function)
        self._tasks.append(registered)
        return registered


def _returns_dict(function: Callable[..., object]) -> bool:
    """Whether the return annotation of a function is a dict, a Mapping or a TypedDict, which Airflow takes apart."""
    from collections.abc import Mapping  # noqa: PLC0415 - as above

    annotation = read_return_type(function)
    kind = getattr(annotation, "__origin__", annotation)
    return isinstance(kind, type) and issubclass(kind, Mapping)
