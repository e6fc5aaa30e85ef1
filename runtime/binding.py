"""Binds a task's arguments: finds their sources, reads XComs, and converts values to the parameters' types.

All sources are checked against the function's parameters before the first XCom is read. An XCom is read only once.
"""

from __future__ import annotations

import logging

from dagfloe.authoring.parameters import bind
from dagfloe.authoring.references import DagParam, OutsideXCom, XComArg
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
    from dagfloe.compat.session import TaskSession
    from dagfloe.compat.templates import Renderer
    from dagfloe.runtime.mapped_arguments import MappedArguments
    from dagfloe.values.jsonable import ForeignValue


class Pull:
    """An argument that comes from an XCom.

    Attributes:
        task_id: the task that pushed the XCom.
        key: the XCom's key.
        is_mapped: whether that task is mapped; None if the bundle does not declare it.
    """

    __slots__ = ("is_mapped", "key", "task_id")

    def __init__(self, task_id: str, key: str = RETURN_VALUE, *, is_mapped: bool | None = None) -> None:
        self.task_id = task_id
        self.key = key
        self.is_mapped = is_mapped


class Item:
    """An argument that is one item of a collection that the task is mapped over. It is chosen when it is needed."""

    __slots__ = ("_arguments", "_name")

    def __init__(self, name: str, arguments: MappedArguments) -> None:
        self._name = name
        self._arguments = arguments

    def choose(self, resolve: Callable[[Any], Any]) -> Any:
        """Choose the item.

        Args:
            resolve: turns a source into its value.
        """
        return self._arguments.choose(self._name, resolve)


class Binder:
    """Binds the arguments of one running task.

    Args:
        task: the task.
        context: the task's context.
        client: the client that reads XComs.
        foreign: collects the values of classes that the bundle does not have. An annotation may name a class for
            them; otherwise they are errors.
        session: gives the values of Airflow's context; None unless the project has `airflow-names`.
    """

    def __init__(
        self,
        task: Task,
        context: Context,
        client: Client,
        foreign: list[ForeignValue],
        session: TaskSession | None = None,
    ) -> None:
        self._task = task
        self._context = context
        self._client = client
        self._session = session
        self._name = f"task {task.task_id!r} of Dag {task.dag_id!r}"
        self._renderer: Renderer | None = None
        self._rendered_name = ""
        self._pulled: dict[tuple[str, str], Any] = {}
        self._foreign = foreign

    def bind(
        self,
        parameters: tuple[Parameter, ...],
        arg_bindings: Sequence[Mapping[str, Any]] | None = None,
        resumed: Mapping[str, Any] | None = None,
    ) -> tuple[list[object], dict[str, object]]:
        """Find the arguments to call a function with.

        Args:
            parameters: the parameters of the task's function, or of the function that it resumes in.
            arg_bindings: the supervisor's argument bindings (Airflow 3.4), if there are any.
            resumed: the arguments that a task resumes with, `event` included; None if the task does not resume.

        Returns:
            The positional arguments and the keyword arguments.

        Raises:
            BindingError: when the arguments do not fit the parameters; the error does not show values.
            RemoteProtocolError: when a binding is of an unknown kind.
        """
        free = [parameter for parameter in parameters if parameter.injected is None]
        sources = self._from_supervisor(free, arg_bindings) if arg_bindings else self._from_bundle(parameters)
        sources |= self._from_resumption(free, resumed)
        stars = {parameter.name for parameter in parameters if parameter.star}
        given = {} if self._session is None else self._session.find_arguments(parameters, sources)
        self._check_sources(parameters, {**given, **sources})
        by_name = {parameter.name: parameter for parameter in free}
        values: dict[str, Any] = {}
        pulled = {name: source for name, source in sources.items() if _is_pulled(source)}
        for name, source in sources.items():
            if name not in pulled:
                rendered = self._render(name, source, is_resumed=resumed is not None and name in resumed)
                is_same = rendered is source or rendered == source
                # As in Airflow, what a template gives is not converted: it is always a string.
                values[name] = self._convert(name, by_name.get(name), rendered, "") if is_same else rendered
        try:
            for name, source in pulled.items():
                self._rendered_name = name
                values[name] = self._from_xcom(name, by_name.get(name), source)
        finally:
            if self._pulled:
                self._client.xcom.collect_foreign(None)
        injected: dict[type, object] = {Client: self._client, Context: self._context}
        if any(parameter.injected is logging.Logger for parameter in parameters):
            injected[logging.Logger] = logging.getLogger(f"{self._task.dag_id}.{self._task.task_id}")
        if self._session is not None:
            self._session.add_arguments({name: value for name, value in values.items() if name not in stars})
        return bind(parameters, injected, {**given, **values}, self._name)

    # The sources of the arguments

    def _from_bundle(self, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
        """The arguments of the `with dag:` block that the function has parameters for."""
        arguments = self._task.arguments or {}
        names = {parameter.name for parameter in parameters}
        if parameters is self._task.parameters or any(parameter.star == "**" for parameter in parameters):
            names |= set(arguments)
        mapped = (self._task.mapped or {}) if self._context.map_index >= 0 else {}
        sources: dict[str, Any] = {name: value for name, value in arguments.items() if name in names}
        if mapped:
            from dagfloe.runtime.mapped_arguments import MappedArguments  # noqa: PLC0415 - few tasks are mapped

            mapped_arguments = MappedArguments(mapped, self._context.map_index)
            sources |= {name: Item(name, mapped_arguments) for name in mapped if name in names}
        return sources

    def _from_supervisor(self, free: list[Parameter], arg_bindings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The arguments of the stub Dag: by name if the function has these names, else by position."""
        plain = [parameter.name for parameter in free if not parameter.star]
        stars = {parameter.star: parameter.name for parameter in free if parameter.star}
        sources = {str(binding.get("name")): self._source(binding) for binding in arg_bindings}
        named = [binding for binding in arg_bindings if "name" in binding]
        defaults = {str(binding["name"]) for binding in named if binding.get("from_default") is True}
        if set(sources) - defaults <= set(plain) or "**" in stars:
            return {name: source for name, source in sources.items() if name in plain or "**" in stars}
        values = [self._source(binding) for binding in arg_bindings]
        plain = [parameter.name for parameter in free if not (parameter.star or parameter.is_context_key)]
        extra = values[len(plain) :]
        if extra and "*" not in stars:
            raise BindingError(
                f"the Dag passes {self._name} the arguments {', '.join(map(repr, sources))}, but its function takes "
                f"{', '.join(map(repr, plain)) or 'none'}: make the two signatures equal"
            )
        by_position = dict(zip(plain, values, strict=False))
        return {**by_position, stars["*"]: tuple(extra)} if extra else by_position

    def _source(self, binding: Mapping[str, Any]) -> Any:
        kind = binding.get("kind")
        if kind == "literal":
            return self._literal(binding)
        if kind == "xcom" and isinstance(binding.get("task_id"), str):
            upstream = self._task.dag.tasks.get(binding["task_id"])
            is_mapped = None if upstream is None or upstream.arguments is None else upstream.mapped is not None
            return Pull(binding["task_id"], is_mapped=is_mapped)
        raise RemoteProtocolError(
            f"{self._name} has an argument binding of kind {kind!r}, expected literal or xcom: this Airflow is newer "
            "than the bundle"
        )

    def _literal(self, binding: Mapping[str, Any]) -> Any:
        """A literal argument of the stub Dag. That of the bundle knows what is not to be rendered."""
        value = binding.get("value")
        if self._session is None:
            return value
        if binding.get("from_default") is True:  # of the stub: Airflow does not render the defaults of functions
            from dagfloe.authoring.templates import literal  # noqa: PLC0415 - only in projects with airflow-names

            return literal(value)
        own = (self._task.arguments or {}).get(str(binding.get("name")))
        return own if (own is not None) and own == value else value

    def _from_resumption(self, free: list[Parameter], resumed: Mapping[str, Any] | None) -> dict[str, Any]:
        if resumed is None:
            return {}
        names = {parameter.name for parameter in free}
        if any(parameter.star == "**" for parameter in free):
            return dict(resumed)
        unknown = sorted(set(resumed) - names - {"event"})
        if unknown:
            raise BindingError(f"{self._name} resumes in a function without the parameter {unknown[0]!r}: add it")
        return {name: value for name, value in resumed.items() if name in names}

    def _check_sources(self, parameters: tuple[Parameter, ...], sources: Mapping[str, Any]) -> None:
        """Raise an error for missing arguments before any XCom is read."""
        injected: dict[type, object] = {Client: None, Context: None, logging.Logger: None}
        placeholders = {name: () if isinstance(source, tuple) else source for name, source in sources.items()}
        bind(parameters, injected, placeholders, self._name)

    # The values

    def _from_xcom(self, name: str, parameter: Parameter | None, source: Any) -> Any:
        where = ""
        if isinstance(source, (OutsideXCom, Pull, XComArg)):
            where = f" from XCom {source.key!r} of task {source.task_id!r}"
        elif isinstance(source, DagParam):
            where = f" from param {source.name!r}"
        return self._convert(name, parameter, self._resolve(source), where, source)

    def _resolve(self, source: Any) -> Any:
        """Replace the XComs and params of a source by their values, also inside lists, tuples and dicts."""
        if isinstance(source, (OutsideXCom, Pull, XComArg)):
            return self._pull(source)
        if isinstance(source, DagParam):
            return self._read_param(source.name)
        if isinstance(source, Item):
            return source.choose(self._resolve)
        if isinstance(source, (list, tuple)):
            items = [self._resolve(item) for item in source]
            if hasattr(source, "_fields"):  # a namedtuple
                return type(source)(*items)
            return tuple(items) if isinstance(source, tuple) else items
        if isinstance(source, dict):
            return {key: self._resolve(item) for key, item in source.items()}
        return self._render(self._rendered_name, source)

    def _render(self, name: str, value: Any, *, is_resumed: bool = False) -> Any:
        """Render the templates of an argument; the values that a task resumes with are not rendered."""
        if self._session is None or is_resumed:
            return value
        self._renderer = self._renderer or self._session.renderer
        return self._renderer.render(name, value)

    def _read_param(self, name: str) -> Any:
        try:
            return self._context.params[name]
        except KeyError:
            raise BindingError(
                f"{self._name} needs the param {name!r}, which has no default and is not in the conf of the run: "
                "trigger the Dag with a value for it"
            ) from None

    def _pull(self, source: OutsideXCom | Pull | XComArg) -> Any:
        place = (source.task_id, source.key)
        if place not in self._pulled:
            self._pulled[place] = self._read(source)
        return self._pulled[place]

    def _read(self, source: OutsideXCom | Pull | XComArg) -> Any:
        xcom = self._client.xcom
        xcom.collect_foreign(self._foreign)
        if source.is_mapped:
            return xcom.sequence(source.task_id, source.key)
        value = xcom.get(source.task_id, source.key, None)
        if value is None and source.is_mapped is None:
            # A mapped task pushes one XCom per map index, and none without one.
            sequence = xcom.sequence(source.task_id, source.key)
            if len(sequence) and sequence[0] is not None:
                return sequence
        return value

    def _convert(self, name: str, parameter: Parameter | None, value: Any, where: str, source: Any = None) -> Any:
        if parameter is not None and parameter.annotation is not None and not parameter.star:
            from dagfloe.values.convert import convert  # noqa: PLC0415 - only for annotated parameters
            from dagfloe.values.hints import Mismatch  # noqa: PLC0415

            try:
                value = convert(value, parameter.annotation, parameter.resolve)
            except Mismatch as mismatch:
                actual, at = mismatch.actual, "" if mismatch.path == "$" else f" at {mismatch.path}"
                if value is None and isinstance(source, (OutsideXCom, Pull, XComArg)):
                    count = self._client.xcom.count(source.task_id, source.key)
                    actual = "null" if count else "no XCom: the task pushed none"
                raise BindingError(
                    f"{self._name}: parameter {name!r} expects {mismatch.expected}{at} and got {actual}{where}"
                ) from None
        if self._foreign:
            from dagfloe.values.foreign import cure_for, find_foreign  # noqa: PLC0415 - few values are foreign

            found = find_foreign(value)
            if found is not None:
                at = "" if found[0] == "$" else f" at {found[0]}"
                raise BindingError(
                    f"{self._name}: parameter {name!r} got an instance of {found[1].name}{at}{where}: "
                    f"{cure_for(found[1])}"
                )
        return value


def _is_pulled(source: Any) -> bool:
    from dagfloe.authoring.calls import references  # noqa: PLC0415 - only for tasks with arguments

    return isinstance(source, (Pull, Item)) or any(True for _ in references(source))
