"""`@task_group`: functions that become task groups where they are called, in the block of a Dag."""

from __future__ import annotations

from dagfloe.authoring.dag import Dag
from dagfloe.authoring.functions import read_docstring
from dagfloe.authoring.taskflow.unique_ids import unique_id
from dagfloe.coroutines import is_asynchronous
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn, overload

    from typing_extensions import Unpack

    from dagfloe.authoring.scheduling.options import GroupOptions


class GroupFunction:
    """A function that becomes a task group where it is called. Create it with `@task_group`.

    Attributes:
        function: the author's function; its body calls tasks.
    """

    if TYPE_CHECKING:
        __name__: str

    def __init__(self, function: Callable[..., object], options: Mapping[str, Any]) -> None:
        if not callable(function):
            raise RegistrationError(f"@task_group got {function!r}: write @task_group(group_id={function!r})")
        if is_asynchronous(function):
            raise RegistrationError(
                f"@task_group got {function!r}, which is asynchronous: its body declares tasks, and waits for nothing; "
                "define it with `def`"
            )
        self.function = function
        self._options = dict(options)
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))
        self.__wrapped__ = function

    if not TYPE_CHECKING:  # type checkers shall find unknown names

        def __getattr__(self, name: str) -> NoReturn:
            is_mapping = name in ("expand", "expand_kwargs", "partial", "loop")
            advice = ": only tasks can be mapped, so use .expand() of the tasks in the group" if is_mapping else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{advice}")

    def __repr__(self) -> str:
        return f"GroupFunction({getattr(self, '__qualname__', self.function)!r})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body in a new task group of the Dag whose block is open.

        Returns:
            What the function returns, which `>>` connects; the group, if it returns None.

        Raises:
            RegistrationError: outside of the block of a Dag, or if Airflow does not accept the group_id.
        """
        dag = Dag.innermost()
        if dag is None:
            raise RegistrationError(
                f"{self!r} was called outside of the block of a Dag: call it in a `with dag:` block or in the body of "
                "a Dag's function"
            )
        options = {name: value for name, value in self._options.items() if value is not None}
        name = options.pop("group_id", getattr(self.function, "__name__", ""))
        if isinstance(name, str):
            name = unique_id(dag, name)
        docstring = read_docstring(self.function)
        if docstring:
            options.setdefault("tooltip", docstring)
            options.setdefault("doc_md", docstring)
        with dag.group(name, **options) as group:
            result = self.function(*args, **kwargs)
        return group if result is None else result

    def override(self, **options: Any) -> GroupFunction:
        """The same function with other options.

        Args:
            options: as for `task_group`.
        """
        return GroupFunction(self.function, {**self._options, **options})


if TYPE_CHECKING:

    @overload
    def task_group(function: Callable[..., object], /) -> GroupFunction: ...

    @overload
    def task_group(
        *, group_id: str | None = None, **options: Unpack[GroupOptions]
    ) -> Callable[[Callable[..., object]], GroupFunction]: ...


def task_group(function: Callable[..., object] | None = None, /, **options: Any) -> Any:
    """Turn a function into a `GroupFunction`: `@task_group`, or `@task_group(group_id="other_name", ...)`.

    Args:
        function: the function.
        options: `group_id`, by default the function's name; if the Dag already has it, `__1` and so on follow. The
            others are as for `Dag.group`. By default, `tooltip` and `doc_md` are the function's docstring.

    Raises:
        RegistrationError: if it is not a function.
    """
    if function is None:
        return lambda function: GroupFunction(function, options)
    return GroupFunction(function, options)
