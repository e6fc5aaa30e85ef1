"""Answers from a seed, and from a terminal."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from dagfloe.cli.show.answers import SeededAnswers, ask_at_terminal
from dagfloe.local.schedule.instances import Instance
from dagfloe.local.schedule.manifest_graph import TaskNode
from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome

QUESTION: dict[str, Any] = {
    "subject": "Publish?",
    "body": "It is *ready*.",
    "options": ["yes", "no", "later"],
    "defaults": ["no"],
    "multiple": False,
    "params": {"why": {"value": "routine", "schema": {}}, "count": {"value": 3, "schema": {}}},
}


def instance(task_id: str = "t", map_index: int = -1) -> Instance:
    return Instance(task=TaskNode(task_id=task_id), map_index=map_index)


def ask(answers: str, **changes: Any) -> tuple[HumanOutcome | None, str]:
    """What comes of typing, and what was shown."""
    found: list[HumanOutcome] = []

    @click.command()
    def command() -> None:
        found.append(ask_at_terminal("approve", {**QUESTION, **changes}))

    result = CliRunner().invoke(command, input=answers)
    return (found[0] if found else None), result.output


def test_entries_are_used_in_order() -> None:
    """Several outcomes for a task are used one after the other; the last one stays."""
    answers = SeededAnswers([TriggerOutcome(task_id="t", event=number) for number in (1, 2)], [], None)
    found = [answers.find_trigger_outcome(instance(), {}) for _ in range(3)]
    assert [each.event for each in found if each] == [1, 2, 2]
    assert answers.find_trigger_outcome(instance("other"), {}) is None


def test_entries_for_a_map_index() -> None:
    """An entry with a map index is for that task instance only."""
    answers = SeededAnswers([TriggerOutcome(task_id="t", map_index=1, event="one")], [], None)
    assert answers.find_trigger_outcome(instance(map_index=0), {}) is None
    found = answers.find_trigger_outcome(instance(map_index=1), {})
    assert found is not None
    assert found.event == "one"


def test_the_seed_comes_before_the_terminal() -> None:
    """Who sits at the terminal is asked where the seed does not say; where nobody sits, there is no answer."""
    seeded, typed = HumanOutcome(task_id="t", chosen=("no",)), HumanOutcome(task_id="u", chosen=("yes",))
    answers = SeededAnswers([], [seeded], lambda _name, _question: typed)
    assert answers.find_human_outcome(instance("t"), QUESTION) is seeded
    assert answers.find_human_outcome(instance("u"), QUESTION) is typed
    assert SeededAnswers([], [seeded], None).find_human_outcome(instance("u"), QUESTION) is None


@pytest.mark.parametrize(
    ("typed", "chosen"), [("1", ("yes",)), ("later", ("later",)), ("", ("no",)), ("9\nmaybe\n3", ("later",))]
)
def test_typing(typed: str, chosen: tuple[str, ...]) -> None:
    """An option is chosen by number or by name; the default by Enter; a wrong one is asked for again."""
    found, shown = ask(f"{typed}\n\n\n")
    assert found == HumanOutcome(task_id="approve", chosen=chosen, params={"why": "routine", "count": 3})
    assert "approve asks: Publish?\nIt is *ready*.\n  1) yes\n  2) no\n  3) later\n" in shown


def test_typing_several() -> None:
    """Where several may be chosen, commas are between them."""
    found, _ = ask("1, later,1\n\n\n", multiple=True)
    assert found is not None
    assert found.chosen == ("yes", "later")


def test_typing_into_the_form() -> None:
    """A field whose default is no text takes JSON."""
    found, _ = ask("1\nbecause\n[1, 2]\n")
    assert found is not None
    assert found.params == {"why": "because", "count": [1, 2]}


def test_no_more_input() -> None:
    """At the end of the input there is no answer."""
    assert ask("")[0] is None


def test_what_is_shown_moves_no_cursor() -> None:
    """Control characters of a question are shown, not obeyed."""
    assert "\x1b" not in ask("1\n\n\n", subject="\x1b[31mred", body="\x1b[0m")[1]
