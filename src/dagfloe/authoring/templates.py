"""Arguments that are templates of Jinja, such as `"{{ ds }}"`, and those that only look like one."""

from __future__ import annotations

from dagfloe.authoring.parameters import CONTEXT_KEYS
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MARKS = (("{{", "}}"), ("{%", "%}"), ("{#", "#}"))


class LiteralString(str):
    """A string that is not rendered."""

    __slots__ = ()


def literal(value: Any) -> Any:
    """Mark a value, so that braces in its strings are not rendered: `literal("{{ name }}")`.

    Args:
        value: an argument of a task: a string, or a list, a tuple or a dict with strings at any depth.

    Returns:
        A value that is equal to the first one.
    """
    return _replace(value, LiteralString)


def is_template(string: str) -> bool:
    """Whether Jinja would render a string: whether it contains an expression, a statement or a comment."""
    return "{" in string and any(0 <= string.find(start) < string.rfind(end) for start, end in _MARKS)


def take_literals(task: object, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call: without the marks of `literal`, unless this project's arguments are rendered.

    Args:
        task: the task, for the error message.
        arguments: the arguments by parameter.

    Raises:
        RegistrationError: if an argument is a template, in a project that does not render templates.
    """
    if CONTEXT_KEYS:
        return arguments
    return {name: _take(task, name, value) for name, value in arguments.items()}


def _take(task: object, name: str, value: Any) -> Any:
    return _replace(value, lambda string: _check(task, name, string))


def _check(task: object, name: str, string: str) -> str:
    if isinstance(string, LiteralString):
        return str(string)
    if is_template(string):
        raise RegistrationError(
            f"{task!r} got a template as {name!r}, and this project does not render templates: set `airflow-names = "
            "true` in [tool.dagfloe], or read the value from the `Context` in the task. To pass the braces, "
            "write literal(...) from dagfloe"
        )
    return string


def _replace(value: Any, replace: Callable[[str], str]) -> Any:
    """Replace the strings in a value, inside lists, tuples and dicts, too. Parts without strings stay the same."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_replace(item, replace) for item in value]
    if isinstance(value, tuple):
        items = [_replace(item, replace) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, dict):
        return {key: _replace(item, replace) for key, item in value.items()}
    return value
