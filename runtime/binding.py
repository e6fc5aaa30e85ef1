"""From where a task's arguments come to the values that its function is called with.

The whole plan is checked before the first XCom is read. Each XCom is read once.
"""

from __future__ import annotations

import logging

from dagfloe.authoring.calls import xcom_args
from dagfloe.authoring.graph import XComArg
from dagfloe.authoring.parameters import bind
from dagfloe.client import Client
from dagfloe.constants import RETURN_VALUE
from dagfloe.errors import BindingError, RemoteProtocolError
from dagfloe.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.parameters import Parameter
    from dagfloe.runtime.mapped_arguments import Items


class Pull:
    """An XCom that is an argument.

    Attributes:
        task_id: the task that pushed it.
        key: its key.
        is_mapped: whether that task is mapped; None when it is not known.
    """

    __slots__ = ("is_mapped", "key", "task_id")

    def __init__(self, task_id: str, key: str = RETURN_VALUE, *, is_mapped: bool | None = None) -> None:
        self.task_id = task_id
        self.key = key
        self.is_mapped = is_mapped


class Item:
    """One item of what a parameter is mapped over, known when it is asked for."""

    __slots__ = ("_items", "_name")

    def __init__(self, name: str, items: Items) -> None:
        self._name = name
        self._items = items

    def choose(self, resolve: Callable[[Any], Any]) -> Any:
        """The item; `resolve` gives what a source stands for."""
        return self._items.item(self._name, resolve)


class Binder:
    """Binds the arguments of one running task.

    Args:
        task: the task.
        context: its context.
        client: what XComs are read with.
    """

    def __init__(self, task: Task, context: Context, client: Client) -> None:
        self._task = task
        self._context = context
        self._client = client
        self._name = f"task {task.task_id!r} of Dag {task.dag_id!r}"
        self._pulled: dict[tuple[str, str], Any] = {}

    def bind(
        self,
        parameters: tuple[Parameter, ...],
        arg_bindings: Sequence[Mapping[str, Any]] | None = None,
        resumed: Mapping[str, Any] | None = None,
    ) -> tuple[list[object], dict[str, object]]:
        """The arguments to call a function with.

        Args:
            parameters: of the task's function, or of the one that it resumes in.
            arg_bindings: what the supervisor says that the arguments are (3.4), if it does.
            resumed: for a task that resumes, what it was handed on, `event` included.

        Raises:
            BindingError: when the arguments do not fit the parameters; values are not in the message.
            RemoteProtocolError: when the bindings are not understood.
        """
        free = [parameter for parameter in parameters if parameter.injected is None]
        sources = self._from_supervisor(free, arg_bindings) if arg_bindings else self._from_bundle(parameters)
        handed_on = self._handed_on(free, resumed)
        sources = {name: source for name, source in sources.items() if name not in handed_on}
        self._check_plan(parameters, {**sources, **handed_on})
        by_name = {parameter.name: parameter for parameter in free}
        given: dict[str, Any] = {}
        waiting = []
        for name, source in {**sources, **handed_on}.items():
            if _is_pulled(source):
                waiting.append((name, source))
            else:
                given[name] = self._converted(by_name.get(name), source, "")
        for name, source in waiting:
            given[name] = self._from_xcom(by_name.get(name), source)
        injected: dict[type, object] = {
            Client: self._client,
            Context: self._context,
            logging.Logger: logging.getLogger(f"{self._task.dag_id}.{self._task.task_id}"),
        }
        return bind(parameters, injected, given, self._name)

    # Where the arguments come from

    def _from_bundle(self, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
        """What the `with dag:` block says, as far as the function asks for it."""
        arguments = self._task.arguments or {}
        names = {parameter.name for parameter in parameters}
        if parameters is self._task.parameters or any(parameter.star == "**" for parameter in parameters):
            names |= set(arguments)
        mapped = (self._task.mapped or {}) if self._context.map_index >= 0 else {}
        sources: dict[str, Any] = {name: value for name, value in arguments.items() if name in names}
        if mapped:
            from dagfloe.runtime.mapped_arguments import Items  # noqa: PLC0415 - few tasks are mapped

            items = Items(mapped, self._context.map_index)
            sources |= {name: Item(name, items) for name in mapped if name in names}
        return sources

    def _from_supervisor(self, free: list[Parameter], arg_bindings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What the stub Dag says: by name when the names are those of the function, else by position."""
        plain = [parameter.name for parameter in free if not parameter.star]
        stars = {parameter.star: parameter.name for parameter in free if parameter.star}
        sources = {str(binding.get("name")): self._source(binding) for binding in arg_bindings}
        defaults = {str(each["name"]) for each in arg_bindings if each.get("from_default") is True and "name" in each}
        if set(sources) - defaults <= set(plain) or "**" in stars:
            return {name: source for name, source in sources.items() if name in plain or "**" in stars}
        values = [self._source(binding) for binding in arg_bindings]
        extra = values[len(plain) :]
        if extra and "*" not in stars:
            raise BindingError(
                f"{self._name} is given the arguments {', '.join(map(repr, sources))} in the Dag, and its function "
                f"takes {', '.join(map(repr, plain)) or 'none'}: make the two signatures alike"
            )
        by_position = dict(zip(plain, values, strict=False))
        return {**by_position, stars["*"]: tuple(extra)} if extra else by_position

    def _source(self, binding: Mapping[str, Any]) -> Any:
        kind = binding.get("kind")
        if kind == "literal":
            return binding.get("value")
        if kind == "xcom" and isinstance(binding.get("task_id"), str):
            upstream = self._task.dag.tasks.get(binding["task_id"])
            is_mapped = None if upstream is None or upstream.arguments is None else upstream.mapped is not None
            return Pull(binding["task_id"], is_mapped=is_mapped)
        raise RemoteProtocolError(
            f"{self._name} has an argument binding of kind {kind!r}, expected literal or xcom: this Airflow is newer "
            "than the bundle"
        )

    def _handed_on(self, free: list[Parameter], resumed: Mapping[str, Any] | None) -> dict[str, Any]:
        if resumed is None:
            return {}
        names = {parameter.name for parameter in free}
        if any(parameter.star == "**" for parameter in free):
            return dict(resumed)
        unknown = sorted(set(resumed) - names - {"event"})
        if unknown:
            raise BindingError(f"{self._name} resumes in a function without the parameter {unknown[0]!r}: add it")
        return {name: value for name, value in resumed.items() if name in names}

    def _check_plan(self, parameters: tuple[Parameter, ...], sources: Mapping[str, Any]) -> None:
        """Complain of missing arguments before anything is read."""
        injected: dict[type, object] = {Client: None, Context: None, logging.Logger: None}
        placeholders = {name: () if isinstance(source, tuple) else source for name, source in sources.items()}
        bind(parameters, injected, placeholders, self._name)

    # The values

    def _from_xcom(self, parameter: Parameter | None, source: Any) -> Any:
        where = ""
        if isinstance(source, (Pull, XComArg)):
            where = f" from XCom {source.key!r} of task {source.task_id!r}"
        return self._converted(parameter, self._resolved(source), where, source)

    def _resolved(self, source: Any) -> Any:
        """A source with its XComs in the place of what stands for them, inside lists, tuples and maps, too."""
        if isinstance(source, (Pull, XComArg)):
            return self._pull(source)
        if isinstance(source, Item):
            return source.choose(self._resolved)
        if isinstance(source, (list, tuple)):
            items = [self._resolved(item) for item in source]
            if hasattr(source, "_fields"):  # a named tuple
                return type(source)(*items)
            return tuple(items) if isinstance(source, tuple) else items
        if isinstance(source, dict):
            return {key: self._resolved(item) for key, item in source.items()}
        return source

    def _pull(self, source: Pull | XComArg) -> Any:
        place = (source.task_id, source.key)
        if place not in self._pulled:
            self._pulled[place] = self._read(source)
        return self._pulled[place]

    def _read(self, source: Pull | XComArg) -> Any:
        xcom = self._client.xcom
        if source.is_mapped:
            return xcom.sequence(source.task_id, source.key)
        value = xcom.get(source.task_id, source.key, None)
        if value is None and source.is_mapped is None:
            # A mapped task has no XCom of its own, but one for each map index.
            sequence = xcom.sequence(source.task_id, source.key)
            if len(sequence) and sequence[0] is not None:
                return sequence
        return value

    def _converted(self, parameter: Parameter | None, value: Any, where: str, source: Any = None) -> Any:
        if parameter is None or parameter.annotation is None or parameter.star:
            return value
        from dagfloe.values.convert import convert  # noqa: PLC0415 - only for parameters that are annotated
        from dagfloe.values.hints import Mismatch  # noqa: PLC0415

        try:
            return convert(value, parameter.annotation, parameter.resolve)
        except Mismatch as mismatch:
            actual, at = mismatch.actual, "" if mismatch.path == "$" else f" at {mismatch.path}"
            if value is None and isinstance(source, (Pull, XComArg)):
                count = self._client.xcom.count(source.task_id, source.key)
                actual = "null" if count else "no XCom: the task pushed none"
            raise BindingError(
                f"{self._name}: parameter {parameter.name!r} expects {mismatch.expected}{at} and got {actual}{where}"
            ) from None


def _is_pulled(source: Any) -> bool:
    return isinstance(source, (Pull, Item)) or any(True for _ in xcom_args(source))
