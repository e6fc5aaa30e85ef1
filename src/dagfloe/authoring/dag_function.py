"""Dags that are written as a function: `@bundle.dag(...)` over a function whose body calls tasks.

The body runs once, at the call of the function, as in Airflow. A function that the module never calls is called when
the bundle is first read, so that its Dag is not lost.
"""

from __future__ import annotations

from dagfloe.authoring.calls import match_arguments
from dagfloe.authoring.functions import read_docstring
from dagfloe.authoring.parameters import describe_function, read_parameters
from dagfloe.authoring.references import DagParam
from dagfloe.authoring.scheduling.dag_options import check_dag_options
from dagfloe.coroutines import is_asynchronous
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dagfloe.authoring.graph import Graph


class DagFunction:
    """The function of a Dag. Create it with `@bundle.dag(...)`, and call it once at the end of your module.

    Attributes:
        function: the author's function.
    """

    if TYPE_CHECKING:
        __name__: str

    def __init__(self, dag: Graph, function: Callable[..., object]) -> None:
        self._parameters = read_parameters(function)
        if is_asynchronous(function):
            raise RegistrationError(
                f"the function of Dag {dag.dag_id!r} is asynchronous: its body declares tasks, and waits for nothing; "
                "define it with `def`"
            )
        for parameter in self._parameters:
            if parameter.star or parameter.by_position or parameter.injected:
                raise RegistrationError(
                    f"the parameter {parameter.name!r} of {describe_function(parameter.function)} cannot be a param of "
                    f"Dag {dag.dag_id!r}: the function of a Dag takes only values for params, by name"
                )
        self.function = function
        self._dag = dag
        self._arguments: dict[str, object] | None = None
        self._is_open = False
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(self, name, getattr(function, name, None))
        self.__wrapped__ = function

    def __repr__(self) -> str:
        return f"DagFunction({self._dag.dag_id!r})"

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Run the body, and return the Dag. Further calls with the same arguments return the same Dag.

        Args:
            args: the params' defaults, as for the function itself.
            kwargs: the params' defaults by name.

        Raises:
            RegistrationError: if the arguments do not fit, or an earlier call had other arguments.
        """
        arguments = {**self._defaults(), **match_arguments(self, self._parameters, args, kwargs)}
        if self._arguments is None:
            self._build(arguments)
        elif (args or kwargs) and arguments != self._arguments:
            raise RegistrationError(
                f"{self!r} was called before with other arguments: a Dag has one set of params, so call it once"
            )
        return self._dag

    def finish(self) -> None:
        """Call the function without arguments, if it was not called yet.

        Raises:
            RegistrationError: if it cannot be called without arguments.
        """
        if self._arguments is not None or self._is_open:
            return
        defaults = self._defaults()
        missing = [parameter.name for parameter in self._parameters if parameter.name not in defaults]
        if missing:
            raise RegistrationError(
                f"{self!r} is never called, and its parameter {missing[0]!r} has no default: call the function at the "
                "end of your module, or give the parameter a default"
            )
        self._build(defaults)

    def _defaults(self) -> dict[str, object]:
        if not self._parameters:
            return {}
        function = self._parameters[0].function
        positional = function.__code__.co_varnames[: function.__code__.co_argcount]
        defaults = function.__defaults__ or ()
        return {
            **dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True)),
            **(function.__kwdefaults__ or {}),
        }

    def _build(self, arguments: dict[str, object]) -> None:
        declared = self._dag.declared
        options: dict[str, Any] = {}
        if arguments:
            options["params"] = {**declared.get("params", {}), **arguments}
        if "doc_md" not in declared:
            options["doc_md"] = read_docstring(self.function)
        schemas = declared.get("param_schemas", {})
        declared.update(check_dag_options(options, f"Dag {self._dag.dag_id!r}"))
        if schemas:
            declared["param_schemas"] = {**schemas, **declared.get("param_schemas", {})}
        self._is_open = True
        try:
            with self._dag:
                self.function(**{name: DagParam(name) for name in arguments})
        finally:
            self._is_open = False
        self._arguments = arguments
