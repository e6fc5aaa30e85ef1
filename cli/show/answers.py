"""What comes of triggers and of questions to a human: from the seed file, else from whoever sits at the terminal."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dagfloe.cli.show.terminal_text import safe
from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagfloe.local.schedule.instances import Instance

    Outcome = TypeVar("Outcome", TriggerOutcome, HumanOutcome)
    Ask = Callable[[str, Mapping[str, Any]], HumanOutcome | None]


class SeededAnswers:
    """Answers for a Dag run.

    Of several entries of a seed for one task instance, each is used once, in order, and the last one again.

    Args:
        triggers: what comes of triggers.
        human_input: what humans answer.
        ask: asks at the terminal, given the task instance's name and the question; None where nobody is.
    """

    def __init__(
        self, triggers: Sequence[TriggerOutcome], human_input: Sequence[HumanOutcome], ask: Ask | None
    ) -> None:
        self._triggers = triggers
        self._human_input = human_input
        self._ask = ask
        self._used: Counter[tuple[type, str]] = Counter()

    def find_trigger_outcome(self, instance: Instance, _terminal: Mapping[str, Any]) -> TriggerOutcome | None:
        """What comes of a trigger; None when the seed does not say."""
        return self._next(self._triggers, instance, TriggerOutcome)

    def find_human_outcome(self, instance: Instance, question: Mapping[str, Any]) -> HumanOutcome | None:
        """What a human answers; None when nobody is there."""
        answer = self._next(self._human_input, instance, HumanOutcome)
        if answer is not None:
            return answer
        if self._ask is not None:
            return self._ask(instance.name, question)
        return None

    def _next(self, outcomes: Sequence[Outcome], instance: Instance, kind: type[Outcome]) -> Outcome | None:
        found = [
            each
            for each in outcomes
            if each.task_id == instance.task.task_id and each.map_index in (None, instance.map_index)
        ]
        used = self._used[kind, instance.name]
        self._used[kind, instance.name] += 1
        return found[min(used, len(found) - 1)] if found else None


def ask_at_terminal(name: str, question: Mapping[str, Any]) -> HumanOutcome:
    """Put a question to whoever sits at the terminal.

    Raises:
        click.Abort: on Ctrl-C, or at the end of the input.
    """
    options = [str(each) for each in question["options"]]
    click.echo(f"\n{safe(name)} asks: {safe(str(question['subject']))}")
    if question.get("body"):
        click.echo(safe(str(question["body"])))
    for number, option in enumerate(options, 1):
        click.echo(f"  {number}) {safe(option)}")
    defaults = [str(options.index(each) + 1) for each in question.get("defaults") or () if each in options]
    many = bool(question.get("multiple"))
    chosen = click.prompt(
        "Numbers, with commas between them" if many else "Number",
        default=",".join(defaults) or None,
        value_proc=lambda text: _chosen(text, options, many=many),
    )
    form = {field: _default(asked) for field, asked in (question.get("params") or {}).items()}
    params = {field: _typed(click.prompt(safe(field), default=_shown(value)), value) for field, value in form.items()}
    return HumanOutcome(task_id=name, chosen=chosen, params=params)


def _chosen(text: str, options: Sequence[str], *, many: bool) -> tuple[str, ...]:
    parts = [part.strip() for part in text.split(",")] if many else [text.strip()]
    found = []
    for part in parts:
        if part in options:
            found.append(part)
        elif part.isdecimal() and 1 <= int(part) <= len(options):
            found.append(options[int(part) - 1])
        else:
            raise click.UsageError(f"{part!r} is none of the options")
    return tuple(dict.fromkeys(found))


def _default(asked: Any) -> Any:
    return asked.get("value") if isinstance(asked, dict) and "value" in asked else asked


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _typed(text: str, default: Any) -> Any:
    """What was typed, as JSON where the default is no text and it can be read so."""
    if isinstance(default, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
