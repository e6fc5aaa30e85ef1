"""The parameters of a task's function, and which of them the runtime injects.

This module reads functions without `inspect` and `typing`, because importing either takes 5 ms in every task.
"""

from __future__ import annotations

import builtins
import logging
import re
import sys
from types import FunctionType

from dagfloe.client import Client
from dagfloe.errors import BindingError, RegistrationError
from dagfloe.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

#: The keys of Airflow's context, whose values are the arguments of parameters with these names; empty unless the
#: project has `airflow-names`. `dagfloe.compat.install` fills it before the author's modules are imported.
CONTEXT_KEYS: set[str] = set()
_INJECTED = (Client, Context, logging.Logger)
_WRAPPED = r"(?s:(?:\w+\.)*(Optional|Union|Annotated)\[(.*)\])"
_STAR, _DOUBLE_STAR, _GENERATOR, _ASYNC_GENERATOR = 0x04, 0x08, 0x20, 0x200


class Parameter:
    """One parameter of a task's function.

    Attributes:
        name: its name.
        injected: `Client`, `Context` or `logging.Logger` if the runtime passes it, else None.
        is_context_key: whether it is named after a key of Airflow's context, and gets its value.
        has_default: whether a call may omit it.
        by_position: whether a call can pass it only by position.
        by_name: whether a call can pass it only by name.
        star: `*` or `**` if it takes all further arguments, else empty.
        annotation: its annotation, unresolved; None without an annotation.
        function: the function that it belongs to.
    """

    __slots__ = (
        "annotation",
        "by_name",
        "by_position",
        "function",
        "has_default",
        "injected",
        "is_context_key",
        "name",
        "star",
    )

    def __init__(
        self,
        name: str,
        injected: type | None,
        function: FunctionType,
        *,
        annotation: object = None,
        has_default: bool = False,
        by_position: bool = False,
        by_name: bool = False,
        star: str = "",
    ) -> None:
        self.name = name
        self.injected = injected
        self.function = function
        self.annotation = annotation
        self.has_default = has_default
        self.by_position = by_position
        self.by_name = by_name
        self.star = star
        self.is_context_key = name in CONTEXT_KEYS and injected is None and not star

    def resolve(self, source: str) -> object:
        """The object that an annotation's source refers to where the function is defined.

        Raises:
            Exception: any, if it refers to nothing there.
        """
        code = self.function.__code__
        cells = dict(zip(code.co_freevars, self.function.__closure__ or (), strict=True))
        scope = {name: cell.cell_contents for name, cell in cells.items() if name in source}
        return eval(source, self.function.__globals__, scope)  # noqa: S307 - the author's own annotation


def read_parameters(function: Callable[..., object]) -> tuple[Parameter, ...]:
    """The parameters of a function, through `functools.wraps`.

    Raises:
        RegistrationError: if it is not a function, if it is a generator, or if an annotation that looks like an
            injected class cannot be resolved.
    """
    inner: object = function
    visited: set[int] = set()
    while hasattr(inner, "__wrapped__"):
        if id(inner) in visited:
            raise RegistrationError(f"{function!r} wraps itself: correct the `__wrapped__` that its decorator sets")
        visited.add(id(inner))
        inner = inner.__wrapped__
    if not isinstance(inner, FunctionType):
        raise RegistrationError(f"{function!r} is not a function: register a function defined with `def`")
    code = inner.__code__
    if code.co_flags & (_ASYNC_GENERATOR | _GENERATOR):
        kind = "a generator" if code.co_flags & _GENERATOR else "an asynchronous generator"
        raise RegistrationError(
            f"{describe_function(inner)} is {kind}: a task returns its value (collect what it yields in a list)"
        )
    positional = code.co_argcount
    plain = positional + code.co_kwonlyargcount
    names = code.co_varnames[:plain]
    first_default = positional - len(inner.__defaults__ or ())
    keyword_defaults = inner.__kwdefaults__ or {}
    annotations = read_annotations(inner)
    parameters = [
        Parameter(
            name,
            _injected(inner, name, annotations.get(name)),
            inner,
            annotation=annotations.get(name),
            has_default=name in keyword_defaults or first_default <= index < positional,
            by_position=index < code.co_posonlyargcount,
            by_name=index >= positional,
        )
        for index, name in enumerate(names)
    ]
    for parameter in parameters:
        if parameter.is_context_key and parameter.has_default and _default(inner, parameter.name) is not None:
            raise RegistrationError(
                f"parameter {parameter.name!r} of {describe_function(inner)} is a key of Airflow's context, and its "
                "default can only be None: rename it, or remove the default"
            )
    stars = [star for flag, star in ((_STAR, "*"), (_DOUBLE_STAR, "**")) if code.co_flags & flag]
    for name, star in zip(code.co_varnames[plain:], stars, strict=False):
        parameters.append(Parameter(name, None, inner, has_default=True, star=star))
    return tuple(parameters)


def bind(
    parameters: tuple[Parameter, ...], injected: Mapping[type, object], arguments: Mapping[str, object], task: str
) -> tuple[list[object], dict[str, object]]:
    """The arguments to call a task's function with.

    Args:
        parameters: the parameters from `read_parameters`.
        injected: the objects to inject, by class.
        arguments: the values of other parameters by name; parameters without a value take their defaults.
        task: the task's name for error messages.

    Raises:
        BindingError: if a parameter has neither a value nor a default.
    """
    missing = [p.name for p in parameters if not (p.injected or p.has_default or p.name in arguments)]
    if missing:
        raise BindingError(
            f"{task} has no value for its {_plural('parameter', missing)} {', '.join(map(repr, missing))}: pass it "
            "in a `with dag:` block or, from Airflow 3.4 on, in the stub Dag; or give it a default, or annotate it as "
            "Client, Context or logging.Logger"
        )
    args: list[object] = []
    kwargs: dict[str, object] = {}
    rest: Any = arguments.get(next((p.name for p in parameters if p.star == "*"), ""), ())
    for index, parameter in enumerate(p for p in parameters if not (p.star or p.by_name)):
        if not (parameter.injected or parameter.name in arguments):
            continue
        value = injected[parameter.injected] if parameter.injected else arguments[parameter.name]
        if len(args) == index and (rest or parameter.by_position):
            args.append(value)
        elif rest or parameter.by_position:
            raise BindingError(
                f"{task} takes {parameter.name!r} by position after a parameter that takes its default: "
                "pass that one, too, or remove `/` and `*` from its signature"
            )
        else:
            kwargs[parameter.name] = value
    args += rest
    for parameter in parameters:
        if parameter.star == "**":
            named = {p.name for p in parameters}
            kwargs.update({name: value for name, value in arguments.items() if name not in named})
        elif parameter.by_name and parameter.injected:
            kwargs[parameter.name] = injected[parameter.injected]
        elif parameter.by_name and parameter.name in arguments:
            kwargs[parameter.name] = arguments[parameter.name]
    return args, kwargs


def describe_function(function: FunctionType) -> str:
    """The name, file and line of a function, for error messages."""
    return f"{function.__qualname__} ({function.__code__.co_filename}:{function.__code__.co_firstlineno})"


def read_annotations(function: FunctionType) -> dict[str, object]:
    """The annotations of a function by parameter, and of what it returns by `return`; some may be strings."""
    if sys.version_info >= (3, 14):  # reading __annotations__ there fails for names that only type checkers import
        from annotationlib import Format, get_annotations  # noqa: PLC0415

        return get_annotations(function, format=Format.FORWARDREF)
    return function.__annotations__


def _default(function: FunctionType, name: str) -> object:
    """The default of a parameter that has one."""
    defaults = function.__defaults__ or ()
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    by_position = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    return {**by_position, **(function.__kwdefaults__ or {})}[name]


def _injected(function: FunctionType, name: str, annotation: object) -> type | None:
    for part in _alternatives(annotation):
        value = _resolve(function, name, part) if isinstance(part, str) else part
        for injectable in _INJECTED:
            if value is injectable:
                return injectable
    return None


def _alternatives(annotation: object) -> Iterator[object]:
    """The annotation itself, or what is inside `X | None`, `Optional[X]`, `Union[X, Y]` and `Annotated[X, ...]`."""
    source = annotation if isinstance(annotation, str) else getattr(annotation, "__forward_arg__", None)
    if isinstance(source, str):
        yield from _alternatives_in(source)
    elif hasattr(annotation, "__metadata__"):
        yield from _alternatives(annotation.__origin__)  # type: ignore[attr-defined]
    elif type(annotation).__name__ in ("UnionType", "_UnionGenericAlias", "Union"):
        for member in annotation.__args__:  # type: ignore[attr-defined]
            yield from _alternatives(member)
    else:
        yield annotation


def _alternatives_in(source: str) -> Iterator[str]:
    """The same for an annotation that is a string."""
    source = source.strip().strip("\"'").strip()
    parts = _split(source, "|")
    wrapped = re.fullmatch(_WRAPPED, source) if source.endswith("]") else None
    if len(parts) == 1 and wrapped:
        parts = _split(wrapped[2], ",")
        if wrapped[1] == "Annotated":
            del parts[1:]
    elif len(parts) == 1:
        yield source
        return
    for part in parts:
        yield from _alternatives_in(part)


def _split(source: str, separator: str) -> list[str]:
    """The parts of a string between the separators that are outside of brackets."""
    parts = [""]
    depth = 0
    for character in source:
        depth += (character in "([{") - (character in ")]}")
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _resolve(function: FunctionType, name: str, source: str) -> object:
    """The object that a dotted name in an annotation refers to; None for any other string."""
    head, *rest = source.split(".")
    if not all(part.isidentifier() for part in (head, *rest)):
        return None
    scope = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    try:
        value = (
            scope[head].cell_contents
            if head in scope
            else function.__globals__[head]
            if head in function.__globals__
            else getattr(builtins, head)
        )
        for part in rest:
            value = getattr(value, part)
    except (AttributeError, ValueError):
        if source.rpartition(".")[2] in {injectable.__name__ for injectable in _INJECTED}:
            raise RegistrationError(
                f"the annotation {source!r} of parameter {name!r} of {describe_function(function)} is unknown at run "
                "time: import it outside of `if TYPE_CHECKING:`"
            ) from None
        return None
    return value


def _plural(noun: str, items: list[str]) -> str:
    return noun if len(items) == 1 else noun + "s"
