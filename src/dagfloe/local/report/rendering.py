"""Renders the templates. No string of a run can become markup: the environment escapes every value."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dagfloe.local.report.labels import format_date, format_duration
from dagfloe.local.report.state_icons import ICONS, count_states, get_displayed_state, icon_id, state_class

#: What HTML cannot contain or a reader cannot see: controls except tab and newline, lone surrogates, noncharacters.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def render(template: str, **values: Any) -> str:
    """Render a template.

    Args:
        template: the name of a file in `templates`.
        values: the values of the template's variables. `Markup` is inserted unchanged, other strings are escaped.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(icons=ICONS)
    environment.filters.update(
        count_states=count_states,
        format_date=format_date,
        get_displayed_state=get_displayed_state,
        format_duration=format_duration,
        icon_id=icon_id,
        state_class=state_class,
    )
    return environment


def _finalize(value: object) -> object:
    """Round numbers, and replace characters that HTML cannot contain by visible ones."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, str) and not isinstance(value, Markup):
        return _INVISIBLE.sub(_make_visible, value)
    return value


def _make_visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
