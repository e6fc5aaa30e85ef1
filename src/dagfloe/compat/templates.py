"""Renders the arguments of a task as Airflow renders them, with Jinja and Airflow's context.

Jinja is imported only for a string that is a template: other strings lose only what Jinja takes from each template, the
last end of line.
"""

from __future__ import annotations

from dagfloe.authoring.templates import LiteralString, is_template
from dagfloe.errors import BindingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, time
    from typing import Any

    import jinja2

_MISSING = "{} has a template, and jinja2 is not installed: add jinja2 to [project] dependencies"


class Renderer:
    """Renders the arguments of one task.

    Args:
        owner: the task, for error messages.
        read_context: returns Airflow's context of it; called only for a template.
    """

    def __init__(self, owner: str, read_context: Callable[[], Mapping[str, Any]]) -> None:
        self._owner = owner
        self._read_context = read_context
        self._environment: jinja2.Environment | None = None

    def render(self, name: str, value: Any) -> Any:
        """Render the strings of an argument: inside lists, tuples, sets and the values of dicts, too.

        Args:
            name: the argument, for error messages.
            value: the argument.

        Raises:
            BindingError: if a template is not valid, or an expression in it raises an exception.
        """
        if isinstance(value, str):
            return self._render_string(name, value)
        if isinstance(value, (list, set)):
            return type(value)(self.render(name, item) for item in value)
        if isinstance(value, tuple):
            items = [self.render(name, item) for item in value]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        if isinstance(value, dict):
            return {key: self.render(name, item) for key, item in value.items()}
        return value

    def _render_string(self, name: str, string: str) -> str:
        if isinstance(string, LiteralString):
            return str(string)
        if not is_template(string) and not any(mark in string for mark in ("{{", "{%", "{#")):
            return string.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
        what = f"the argument {name!r} of {self._owner}"
        try:
            import jinja2  # noqa: PLC0415 - few tasks have templates
        except ImportError:
            raise BindingError(_MISSING.format(what)) from None
        if self._environment is None:
            self._environment = _make_environment()
        try:
            return self._environment.from_string(string).render(self._read_context())
        except jinja2.TemplateError as error:
            raise BindingError(f"{what} cannot be rendered: {type(error).__name__}: {error.message}") from None
        except Exception as error:
            raise BindingError(f"{what} cannot be rendered: an expression raised {type(error).__name__}") from error


def _make_environment() -> jinja2.Environment:
    import jinja2  # noqa: PLC0415 - as above
    from jinja2.sandbox import SandboxedEnvironment, is_internal_attribute  # noqa: PLC0415

    class Environment(SandboxedEnvironment):
        """The environment in which Airflow renders: it forbids less than Jinja's own sandbox."""

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002 - Jinja calls it
            """Allow all attributes but those of Python itself, also those that begin with one underscore."""
            return not is_internal_attribute(obj, attr)

    environment = Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"], cache_size=0)
    environment.filters.update(
        ds=lambda value: _format(value, "%Y-%m-%d"),
        ds_nodash=lambda value: _format(value, "%Y%m%d"),
        ts=lambda value: None if value is None else value.isoformat(),
        ts_nodash=lambda value: _format(value, "%Y%m%dT%H%M%S"),
        ts_nodash_with_tz=lambda value: None if value is None else value.isoformat().replace("-", "").replace(":", ""),
    )
    return environment


def _format(value: date | time | None, form: str) -> str | None:
    return None if value is None else value.strftime(form)
