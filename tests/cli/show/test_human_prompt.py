"""Questions at the terminal."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from dagfloe.cli.show.human_prompt import prompt_human
from dagfloe.local.schedule.outcomes import HumanOutcome

QUESTION: dict[str, Any] = {
    "subject": "Publish?",
    "body": "It is *ready*.",
    "options": ["yes", "no", "later"],
    "defaults": ["no"],
    "multiple": False,
    "params": {"why": {"value": "routine", "schema": {}}, "count": {"value": 3, "schema": {}}},
}


def prompt(typed: str, **changes: Any) -> tuple[HumanOutcome | None, str]:
    """Type an answer, and return the outcome and the output."""
    outcomes: list[HumanOutcome] = []

    @click.command()
    def command() -> None:
        outcomes.append(prompt_human("approve", {**QUESTION, **changes}))

    result = CliRunner().invoke(command, input=typed)
    return (outcomes[0] if outcomes else None), result.output


@pytest.mark.parametrize(
    ("typed", "chosen"), [("1", ("yes",)), ("later", ("later",)), ("", ("no",)), ("9\nmaybe\n3", ("later",))]
)
def test_one_option(typed: str, chosen: tuple[str, ...]) -> None:
    """The user chooses an option by number or by name, or the default with Enter. The prompt repeats on a mistake."""
    outcome, output = prompt(f"{typed}\n\n\n")
    assert outcome == HumanOutcome(task_id="approve", chosen=chosen, params={"why": "routine", "count": 3})
    assert "approve asks: Publish?\nIt is *ready*.\n  1) yes\n  2) no\n  3) later\n" in output
    assert ("'maybe' is not one of the options" in output) == ("maybe" in typed)


def test_several_options() -> None:
    """Commas separate several options."""
    outcome, output = prompt("1, later,1\n\n\n", multiple=True)
    assert outcome is not None
    assert outcome.chosen == ("yes", "later")
    assert "Numbers, separated by commas" in output


def test_form_fields() -> None:
    """A field whose default is not a string takes JSON."""
    outcome, _ = prompt("1\nbecause\n[1, 2]\n")
    assert outcome is not None
    assert outcome.params == {"why": "because", "count": [1, 2]}
    outcome, _ = prompt("1\nbecause\nnot many\n")
    assert outcome is not None
    assert outcome.params == {"why": "because", "count": "not many"}, "what is not JSON is a string"


def test_end_of_input() -> None:
    """At the end of the input there is no answer."""
    assert prompt("")[0] is None


def test_control_characters() -> None:
    """The prompt shows control characters of a question as escapes."""
    assert "\x1b" not in prompt("1\n\n\n", subject="\x1b[31mred", body="\x1b[0m")[1]
