"""Registration: a `Bundle` holds Dags, a Dag holds tasks. Nothing here runs a task."""

from __future__ import annotations

import re

from dagfloe.errors import RegistrationError
from dagfloe.parameters import read_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar, overload

    from dagfloe.parameters import Parameter

    _Function = TypeVar("_Function", bound=Callable[..., object])

_MAX_ID_LENGTH = 250
_ID = re.compile(r"[\w.-]+")


class TaskHandler:
    """A task as it was registered.

    Attributes:
        dag_id: the Dag's id.
        task_id: the task's id.
        function: the author's function.
        parameters: what the function asks for.
    """

    __slots__ = ("dag_id", "function", "parameters", "task_id")

    def __init__(
        self, dag_id: str, task_id: str, function: Callable[..., object], parameters: tuple[Parameter, ...]
    ) -> None:
        self.dag_id = dag_id
        self.task_id = task_id
        self.function = function
        self.parameters = parameters

    def __repr__(self) -> str:
        return f"TaskHandler({self.dag_id!r}, {self.task_id!r})"


class Dag:
    """One Dag's tasks. Made by `Bundle.dag`; the graph and the schedule are in Airflow's stub Dag."""

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        self._tasks: dict[str, TaskHandler] = {}

    def __repr__(self) -> str:
        return f"Dag({self.dag_id!r}, tasks={list(self._tasks)!r})"

    @property
    def tasks(self) -> Mapping[str, TaskHandler]:
        """The registered tasks by task_id, in the order of registration."""
        return self._tasks

    if TYPE_CHECKING:

        @overload
        def task(self, function: _Function, /) -> _Function: ...

        @overload
        def task(self, /, *, task_id: str | None = None) -> Callable[[_Function], _Function]: ...

    def task(
        self, function: _Function | None = None, /, *, task_id: str | None = None
    ) -> _Function | Callable[[_Function], _Function]:
        """Register a function as a task: `@dag.task`, or `@dag.task(task_id="other_name")`.

        The function itself is returned unchanged, so that unit tests call it as it is.

        Args:
            function: the function; parameters annotated `Client`, `Context` or `logging.Logger` are passed when the
                task runs, others take their defaults.
            task_id: the task's id in Airflow; the function's name when it is left out.

        Raises:
            RegistrationError: for an id that Airflow does not accept, an id that is taken, or a function that cannot
                be a task.
        """
        if function is None:
            return lambda function: self._register(function, task_id)
        if not callable(function):
            raise RegistrationError(f"@dag.task got {function!r}: write @dag.task(task_id={function!r})")
        return self._register(function, task_id)

    def _register(self, function: _Function, task_id: str | None) -> _Function:
        parameters = read_parameters(function)
        name = function.__name__ if task_id is None else task_id
        _check_id("task_id", name)
        if name in self._tasks:
            raise RegistrationError(
                f"Dag {self.dag_id!r} has two tasks with the task_id {name!r}: rename one, or give it another task_id"
            )
        self._tasks[name] = TaskHandler(self.dag_id, name, function, parameters)
        return function


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

    def find(self, dag_id: str, task_id: str) -> TaskHandler | None:
        """The task registered under these ids, if there is one."""
        dag = self._dags.get(dag_id)
        return dag.tasks.get(task_id) if dag else None


def _check_id(kind: str, value: object) -> None:
    if not isinstance(value, str):
        raise RegistrationError(f"a {kind} is text, not {value!r} of type {type(value).__name__}")
    if not _ID.fullmatch(value):
        raise RegistrationError(
            f"the {kind} {value!r} is refused by Airflow: use letters, digits, underscores, dots and hyphens only"
        )
    if len(value) > _MAX_ID_LENGTH:
        raise RegistrationError(
            f"the {kind} {value[:30]!r}... has {len(value)} characters: Airflow allows {_MAX_ID_LENGTH}"
        )
