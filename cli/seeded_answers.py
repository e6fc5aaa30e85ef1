"""What triggers and humans answer in a Dag run: from the seed file, or else from the user at the terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagfloe.local.schedule.instances import Instance

    Outcome = TypeVar("Outcome", TriggerOutcome, HumanOutcome)
    Prompt = Callable[[str, Mapping[str, Any]], HumanOutcome | None]


class SeededAnswers:
    """Answers for a Dag run.

    If a seed has several entries for one task instance, they are used in order, and the last one repeats.

    Args:
        triggers: the outcomes of triggers.
        human_input: the answers of humans.
        prompt: asks the user, given the task instance's name and the question; None without a terminal.
    """

    def __init__(
        self, triggers: Sequence[TriggerOutcome], human_input: Sequence[HumanOutcome], prompt: Prompt | None
    ) -> None:
        self._triggers = triggers
        self._human_input = human_input
        self._prompt = prompt
        self._used: Counter[tuple[type, str]] = Counter()

    def find_trigger_outcome(self, instance: Instance, _terminal: Mapping[str, Any]) -> TriggerOutcome | None:
        """Return the outcome of a trigger, or None if the seed has none."""
        return self._next(self._triggers, instance, TriggerOutcome)

    def find_human_outcome(self, instance: Instance, question: Mapping[str, Any]) -> HumanOutcome | None:
        """Return a human's answer, or None if nobody answers."""
        outcome = self._next(self._human_input, instance, HumanOutcome)
        if outcome is not None:
            return outcome
        if self._prompt is not None:
            return self._prompt(instance.name, question)
        return None

    def _next(self, outcomes: Sequence[Outcome], instance: Instance, kind: type[Outcome]) -> Outcome | None:
        matches = [
            outcome
            for outcome in outcomes
            if outcome.task_id == instance.task.task_id and outcome.map_index in (None, instance.map_index)
        ]
        used = self._used[kind, instance.name]
        self._used[kind, instance.name] += 1
        return matches[min(used, len(matches) - 1)] if matches else None
