"""Answers from a seed file, and from the terminal."""

from __future__ import annotations

from typing import Any

from dagfloe.cli.seeded_answers import SeededAnswers
from dagfloe.local.schedule.instances import Instance
from dagfloe.local.schedule.manifest_graph import TaskNode
from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome

QUESTION: dict[str, Any] = {"subject": "Publish?", "options": ["yes", "no"]}


def instance(task_id: str = "t", map_index: int = -1) -> Instance:
    return Instance(task=TaskNode(task_id=task_id), map_index=map_index)


def test_entries_are_used_in_order() -> None:
    """Several outcomes for a task are used one after the other, and the last one repeats."""
    answers = SeededAnswers([TriggerOutcome(task_id="t", event=number) for number in (1, 2)], [], None)
    outcomes = [answers.find_trigger_outcome(instance(), {}) for _ in range(3)]
    assert [outcome.event for outcome in outcomes if outcome] == [1, 2, 2]
    assert answers.find_trigger_outcome(instance("other"), {}) is None


def test_an_entry_for_a_map_index() -> None:
    """An entry with a map_index is for that task instance only."""
    answers = SeededAnswers([TriggerOutcome(task_id="t", map_index=1, event="one")], [], None)
    assert answers.find_trigger_outcome(instance(map_index=0), {}) is None
    outcome = answers.find_trigger_outcome(instance(map_index=1), {})
    assert outcome is not None
    assert outcome.event == "one"


def test_the_seed_comes_before_the_terminal() -> None:
    """A question without an entry goes to the terminal. Without a terminal, it has no answer."""
    seeded, typed = HumanOutcome(task_id="t", chosen=("no",)), HumanOutcome(task_id="u", chosen=("yes",))
    answers = SeededAnswers([], [seeded], lambda _name, _question: typed)
    assert answers.find_human_outcome(instance("t"), QUESTION) is seeded
    assert answers.find_human_outcome(instance("u"), QUESTION) is typed
    assert SeededAnswers([], [seeded], None).find_human_outcome(instance("u"), QUESTION) is None
