"""References to values that are known only when a task runs: XComs of tasks, and params of the run. Pure."""

from __future__ import annotations

from dagfloe.authoring.graph import Linked
from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from typing_extensions import Self

    from dagfloe.authoring.graph import Node


class Reference:
    """An argument whose value is known only when the task runs: an `XComArg`, an `OutsideXCom` or a `DagParam`."""

    def __iter__(self) -> Iterator[Any]:
        raise RegistrationError(
            f"{self!r} has no value before the task runs: pass it to a task as a whole, or use .expand()"
        )

    def __bool__(self) -> bool:
        raise RegistrationError(f"{self!r} has no value before the task runs: decide inside a task, with client.branch")

    def __format__(self, spec: str) -> NoReturn:
        raise RegistrationError(
            f"{self!r} has no value before the task runs: pass it to a task, and put it into a string there"
        )


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

    def as_setup(self) -> Self:
        """Make the task that pushes it a setup: see `Task.as_setup`."""
        self._task.as_setup()
        return self

    def as_teardown(self, *, setups: object = None, on_failure_fail_dagrun: bool | None = None) -> Self:
        """Make the task that pushes it a teardown: see `Task.as_teardown`."""
        self._task.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    def as_mapping_source(self) -> Self:
        """Declare that a task outside the bundle is mapped over the return value: see `Task.as_mapping_source`."""
        self._task.as_mapping_source()
        return self


class OutsideXCom(Reference):
    """The XCom of a task that is not in the bundle, as an argument of a task: what `Dag.xcom` returns.

    Attributes:
        task_id: the task that pushes it.
        key: the XCom's key.
        is_mapped: whether that task is mapped, and pushes one XCom per map index; None if it is not known.
    """

    def __init__(self, task_id: str, key: str = RETURN_VALUE, *, is_mapped: bool | None = None) -> None:
        self.task_id = task_id
        self.key = key
        self.is_mapped = is_mapped

    def __repr__(self) -> str:
        return f"OutsideXCom({self.task_id!r}, key={self.key!r})"


class DagParam(Reference):
    """A param of the Dag run, as an argument of a task: what the function of a Dag gets for each of its parameters.

    Attributes:
        name: the param's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"DagParam({self.name!r})"
