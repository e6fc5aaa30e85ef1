"""Asks the user at the terminal what a task asks a human."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.show.terminal_text import escape_controls
from dagfloe.local.schedule.outcomes import HumanOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def prompt_human(name: str, question: Mapping[str, Any]) -> HumanOutcome:
    """Prompt for the options and the form fields of a question.

    Args:
        name: the name of the task instance that asks.
        question: the fields of its `CreateHITLDetailPayload`.

    Raises:
        click.Abort: on Ctrl-C, or at the end of the input.
    """
    options = [str(option) for option in question["options"]]
    click.echo(f"\n{escape_controls(name)} asks: {escape_controls(str(question['subject']))}")
    if question.get("body"):
        click.echo(escape_controls(str(question["body"])))
    for number, option in enumerate(options, 1):
        click.echo(f"  {number}) {escape_controls(option)}")
    defaults = [str(options.index(option) + 1) for option in question.get("defaults") or () if option in options]
    multiple = bool(question.get("multiple"))
    chosen = click.prompt(
        "Numbers, separated by commas" if multiple else "Number",
        default=",".join(defaults) or None,
        value_proc=lambda text: _parse_options(text, options, multiple=multiple),
    )
    defaults_of_fields = {
        field: param["value"] if isinstance(param, dict) and "value" in param else param
        for field, param in (question.get("params") or {}).items()
    }
    params = {field: _prompt_field(field, default) for field, default in defaults_of_fields.items()}
    return HumanOutcome(task_id=name, chosen=chosen, params=params)


def _parse_options(text: str, options: Sequence[str], *, multiple: bool) -> tuple[str, ...]:
    """Read options by number or by name."""
    chosen = []
    for part in (part.strip() for part in (text.split(",") if multiple else [text])):
        if part in options:
            chosen.append(part)
        elif part.isdecimal() and 1 <= int(part) <= len(options):
            chosen.append(options[int(part) - 1])
        else:
            raise click.UsageError(f"{part!r} is not one of the options")
    return tuple(dict.fromkeys(chosen))


def _prompt_field(field: str, default: Any) -> Any:
    """Prompt for a form field. Unless the default is a string, read the input as JSON if possible."""
    if isinstance(default, str):
        return click.prompt(escape_controls(field), default=default)
    text = click.prompt(escape_controls(field), default=json.dumps(default))
    try:
        return json.loads(text)
    except ValueError:
        return text
