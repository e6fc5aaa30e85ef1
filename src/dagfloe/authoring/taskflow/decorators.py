"""The decorators `@task`, `@setup` and `@teardown`, which turn functions into a `TaskFunction`."""

from __future__ import annotations

from dagfloe.authoring.taskflow.task_function import TaskFunction
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, overload

    from typing_extensions import Unpack

    from dagfloe.authoring.scheduling.options import TaskOptions, TeardownOptions


class Decorator:
    """A decorator for one kind of task.

    Args:
        kind: the kind: the name of a method of `Dag`.
        name: the decorator's name, for error messages.
    """

    def __init__(self, kind: str, name: str) -> None:
        self._kind = kind
        self._name = name

    def __repr__(self) -> str:
        return f"@{self._name}"

    if TYPE_CHECKING:

        @overload
        def __call__(self, function: Callable[..., object], /) -> TaskFunction: ...

        @overload
        def __call__(
            self, /, *, task_id: str | None = None, **options: Unpack[TaskOptions]
        ) -> Callable[[Callable[..., object]], TaskFunction]: ...

    def __call__(self, function: Callable[..., object] | None = None, /, **options: Any) -> Any:
        """Turn a function into a `TaskFunction`: `@task`, or `@task(task_id="other_name", ...)`.

        Args:
            function: the function, or a `TaskFunction`, whose options are kept.
            task_id: the task_id, by default the function's name. If the Dag already has it, `__1` and so on follow.
            options: as for `Dag.task`. By default, `multiple_outputs` is true if the function's return annotation is a
                kind of dict, and `doc_md` is its docstring.

        Raises:
            RegistrationError: if it is not a function.
        """
        if function is None:
            return lambda function: self._decorate(function, options)
        return self._decorate(function, options)

    def _decorate(self, function: object, options: dict[str, Any]) -> TaskFunction:
        if isinstance(function, TaskFunction):
            return function.with_kind(self._kind, options)
        if not callable(function):
            raise RegistrationError(f"{self!r} got {function!r}: write {self!r}(task_id={function!r})")
        return TaskFunction(self._kind, function, options)


class TaskDecorator(Decorator):
    """The decorator `@task`, with `@task.branch` and `@task.short_circuit`."""

    @property
    def branch(self) -> Decorator:
        """`@task.branch`: the task returns the task_id, or the task_ids, to follow: see `Dag.branch`."""
        return Decorator("branch", "task.branch")

    @property
    def short_circuit(self) -> Decorator:
        """`@task.short_circuit`: the task skips all tasks after it if it returns a false value."""
        return Decorator("short_circuit", "task.short_circuit")

    @property
    def python(self) -> Decorator:
        """`@task.python`: another name of `@task`, as in Airflow."""
        return Decorator("task", "task.python")

    if not TYPE_CHECKING:  # type checkers shall find unknown names

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(
                f"dagfloe has no @task.{name}: it has @task, @task.branch and @task.short_circuit; the bundle's own "
                "Python runs all of its tasks, and a task polls with client.poke"
            )


class TeardownDecorator(Decorator):
    """The decorator `@teardown`."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, function: Callable[..., object], /) -> TaskFunction: ...

        @overload
        def __call__(
            self, /, *, task_id: str | None = None, **options: Unpack[TeardownOptions]
        ) -> Callable[[Callable[..., object]], TaskFunction]: ...

        def __call__(self, function: Any = None, /, **options: Any) -> Any:
            """Turn a function into a `TaskFunction` for a teardown."""


#: Turns a function into tasks.
task = TaskDecorator("task", "task")
#: Turns a function into setups: see `Dag.setup`.
setup = Decorator("setup", "setup")
#: Turns a function into teardowns: see `Dag.teardown`.
teardown = TeardownDecorator("teardown", "teardown")
