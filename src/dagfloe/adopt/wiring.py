"""The arguments of tasks, as code for the `with dag:` block of a project, and as Airflow 3.4 can send them. Pure."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.adopt.reading.names import free_names
from dagfloe.adopt.reading.values import Param, TaskResult, Unknown, leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.adopt.reading.source import SourceFile

#: Calls that give the same value on any host, by module.
_PURE_CALLS = {
    "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "pathlib": {"Path", "PurePath", "PurePosixPath"},
    "uuid": {"UUID"},
}


class WiringError(Exception):
    """An argument cannot be read.

    Attributes:
        line: its line; 0 if it is unknown.
    """

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Renderer:
    """Writes arguments as code.

    Attributes:
        source: the Dag file.
        dag: the variable of the Dag in the project.
        is_native: whether all tasks of the Dag are in the project.
        expressions: the expressions that are copied from the Dag file, for the names that they need.
    """

    source: SourceFile
    dag: str
    is_native: bool = False
    expressions: list[ast.expr] = field(default_factory=list)

    def render(self, value: Any) -> str:  # noqa: C901 - a case for each kind of value
        """The code of a value.

        Raises:
            WiringError: if only running the Dag file would show it.
        """
        match value:
            case TaskResult():
                return self._xcom(value)
            case Param():
                return f"{self.dag}.param({_quote(value.name)})"
            case Unknown():
                return self._copy(value)
            case bool() | int() | None | bytes() | complex():
                return repr(value)
            case float():
                return repr(value) if math.isfinite(value) else f'float("{value!r}")'
            case str():
                return _quote(value)
            case list():
                return f"[{', '.join(map(self.render, value))}]"
            case tuple():
                return f"({', '.join(map(self.render, value))}{',' if len(value) == 1 else ''})"
            case set() | frozenset():
                items = ", ".join(sorted(map(self.render, value)))
                return f"{{{items}}}" if value else "set()"
            case dict():
                items = ", ".join(f"{self.render(key)}: {self.render(item)}" for key, item in value.items())
                return f"{{{items}}}"
            case _:
                raise WiringError("an argument is not a value that a task can get")

    def _xcom(self, value: TaskResult) -> str:
        task_id = value.task.task_id
        if not isinstance(task_id, str):
            raise WiringError("the task_id of an upstream task cannot be read", value.task.call.lineno)
        if value.task.uncertain_line:
            raise WiringError(
                "an argument comes from a task of a loop or group that cannot be read", value.task.uncertain_line
            )
        if self.is_native:
            item = "" if value.key == "return_value" else f"[{_quote(value.key)}]"
            return f"{self.dag}.tasks[{_quote(task_id)}].output{item}"
        key = "" if value.key == "return_value" else f", {_quote(value.key)}"
        mapped = "" if value.task.mapped is None else ", is_mapped=True"
        return f"{self.dag}.xcom({_quote(task_id)}{key}{mapped})"

    def _copy(self, value: Unknown) -> str:
        node = value.node
        if not isinstance(node, ast.expr) or not _is_pure(node):
            raise WiringError("an argument cannot be read without running the file", value.line)
        self.expressions.append(node)
        return self.source.segment(node)


def _is_pure(node: ast.expr) -> bool:
    """Whether an expression has the same value wherever it is evaluated: it calls only constructors of plain values."""
    names = set().union(*_PURE_CALLS.values())
    for item in ast.walk(node):
        match item:
            case ast.Call():
                function = item.func
                last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if last not in names:
                    return False
            case ast.Name() | ast.Attribute() | ast.Constant() | ast.keyword() | ast.List() | ast.Tuple() | ast.Dict():
                pass
            case ast.UnaryOp() | ast.BinOp() | ast.operator() | ast.unaryop() | ast.expr_context():
                pass
            case _:
                return False
    return any(name in names or name in _PURE_CALLS for name in free_names(node))


def can_be_sent(value: Any) -> bool:
    """Whether Airflow 3.4 can send an argument of a stub task: a JSON value, or the return value of a task."""
    if isinstance(value, TaskResult):
        return value.key == "return_value" and value.task.mapped is None
    return is_json(value)


def is_json(value: Any) -> bool:
    """Whether a value has a JSON form that Airflow accepts."""
    match value:
        case bool() | int() | str() | None:
            return True
        case float():
            return math.isfinite(value)
        case list() | tuple():
            return all(map(is_json, value))
        case dict():
            return all(isinstance(key, str) for key in value) and all(map(is_json, value.values()))
        case _:
            return False


def has_results(value: Any) -> bool:
    """Whether a value has the XCom of a task in it."""
    return any(isinstance(leaf, TaskResult) for leaf in leaves(value))


def arguments_by_parameter(
    function: ast.FunctionDef | ast.AsyncFunctionDef, args: list[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of a call by parameter; those for `*args` have the number as their key.

    Raises:
        WiringError: if the function does not accept them.
    """
    parameters = function.args
    positional = [item.arg for item in (*parameters.posonlyargs, *parameters.args)]
    named = dict(zip(positional, args, strict=False))
    rest = args[len(positional) :]
    if rest and parameters.vararg is None:
        raise WiringError(f"it gets {len(args)} arguments by position, and its function takes {len(positional)}")
    known = {*positional, *(item.arg for item in parameters.kwonlyargs)}
    for name, value in kwargs.items():
        if name not in known and parameters.kwarg is None:
            raise WiringError(f"it gets the argument {name!r}, which its function does not have")
        named[name] = value
    return {**named, **{str(place): value for place, value in enumerate(rest)}}


def _quote(value: str) -> str:
    code = repr(value)
    return '"' + code[1:-1] + '"' if code[0] == "'" and '"' not in value and "\\'" not in code else code
