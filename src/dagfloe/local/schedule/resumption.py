"""How a task instance resumes after a retry, a deferral, a reschedule or a human's answer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.client.human_input import HITL_TRIGGER
from dagfloe.constants import AWAITING_INPUT, DEFERRED, UP_FOR_RESCHEDULE, UP_FOR_RETRY
from dagfloe.runtime.wire.messages import TRIGGER_FAILED_METHOD
from dagfloe.values.serde import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.local.schedule.instances import Instance
    from dagfloe.local.schedule.outcomes import TriggerOutcome
    from dagfloe.local.schedule.protocols import OutcomeSource
    from dagfloe.values.dates import Clock

#: Triggers that only wait. Their events are known without running them.
_DATE_TIME_TRIGGER = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
_TIME_DELTA_TRIGGER = "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger"


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """How a task instance resumes.

    Attributes:
        after_s: the seconds until its next process starts.
        ti_context: further fields of `StartupDetails.ti_context` for that process.
    """

    after_s: float = 0.0
    ti_context: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Resumer:
    """Decides how task instances resume.

    Args:
        outcomes: knows the outcomes of triggers and of questions to a human.
        questions: the open questions to a human, by ti_id.
        clock: gives the time from which waits are counted, and that of answers.
    """

    def __init__(self, outcomes: OutcomeSource, questions: Mapping[str, Mapping[str, Any]], clock: Clock) -> None:
        self._outcomes = outcomes
        self._questions = questions
        self._clock = clock

    def resume(self, instance: Instance, state: str, terminal: Mapping[str, Any]) -> Resumption | None:
        """Decide how a task instance resumes.

        Args:
            instance: the task instance. Its counters are updated.
            state: its state.
            terminal: its terminal message; empty if it sent none.

        Returns:
            How it resumes. None if it cannot: then `instance.note` has the reason.
        """
        try:
            resumption = self._resume(instance, state, terminal)
            if resumption is not None:
                check_wait(resumption.after_s)
        except Exception as error:  # noqa: BLE001 - another SDK's message may have any values
            reason = f"{type(error).__name__}: {error}"
            instance.note = f"nobody can tell when it resumes: its message to the supervisor is not valid ({reason})"
            return None
        return resumption

    def _resume(self, instance: Instance, state: str, terminal: Mapping[str, Any]) -> Resumption | None:
        now = self._clock()
        if state == UP_FOR_RETRY:
            resumption = resume_after_failure(instance, terminal)
            instance.try_number += 1
            instance.reschedules, instance.start_date = 0, None
            return resumption
        if state == UP_FOR_RESCHEDULE:
            instance.reschedules += 1
            return resume_after_reschedule(instance, terminal, now)
        if state == AWAITING_INPUT or (state == DEFERRED and terminal["classpath"] == HITL_TRIGGER):
            return self._ask_human(instance, terminal)
        if state == DEFERRED:
            return self._fire_trigger(instance, terminal, now)
        instance.note = f"it ended in the state {state}, after which nothing runs"
        return None

    def _fire_trigger(self, instance: Instance, terminal: Mapping[str, Any], now: datetime) -> Resumption | None:
        outcome = self._outcomes.find_trigger_outcome(instance, terminal)
        if outcome is not None:
            return resume_after_deferral(terminal, outcome)
        resumption = resume_after_time_trigger(terminal, now)
        if resumption is None:
            instance.note = (
                f"it is deferred to {terminal['classpath']}, whose event is not known: put the event into a seed "
                "file, [[triggers]]"
            )
        return resumption

    def _ask_human(self, instance: Instance, terminal: Mapping[str, Any]) -> Resumption | None:
        question = self._questions.get(instance.ti_id)
        if question is None:
            instance.note = "it waits for a human's answer, but it has not asked a question"
            return None
        outcome = self._outcomes.find_human_outcome(instance, question)
        if outcome is None:
            instance.note = (
                f"nobody is there to answer {question['subject']!r}: run it at a terminal, or put the answer into a "
                "seed file, [[human_input]]"
            )
            return None
        instance.note = find_choice_problem(question, outcome.chosen)
        if instance.note is not None:
            return None
        chosen = None if outcome.timed_out else outcome.chosen
        event = build_human_input_event(question, chosen, outcome.params, "local", self._clock())
        return Resumption(ti_context=_with_event(terminal, event))


def check_wait(seconds: float) -> None:
    """Check a wait, in seconds.

    Raises:
        ValueError: if it is not a number.
    """
    if math.isnan(seconds):
        raise ValueError("a wait is not a number")


def resume_after_failure(instance: Instance, terminal: Mapping[str, Any] | None) -> Resumption:
    """Return how a task instance resumes after a failed try: after the delay of the task, or the declared one."""
    delay_s = (terminal or {}).get("retry_delay_seconds")
    return Resumption(after_s=instance.task.compute_delay_s(instance.try_number) if delay_s is None else float(delay_s))


def resume_after_deferral(terminal: Mapping[str, Any], outcome: TriggerOutcome) -> Resumption:
    """Return how a task instance resumes after its trigger (`DeferTask`)."""
    if outcome.error is not None:
        return Resumption(
            ti_context={
                "next_method": TRIGGER_FAILED_METHOD,
                "next_kwargs": {"error": outcome.error, "traceback": None},
            }
        )
    return Resumption(ti_context=_with_event(terminal, outcome.event))


def resume_after_time_trigger(terminal: Mapping[str, Any], now: datetime) -> Resumption | None:
    """Return how a task instance resumes after a trigger that only waits; None for any other trigger."""
    kwargs = decode(terminal.get("trigger_kwargs") or {})
    fire_time: Any = None
    if terminal["classpath"] == _DATE_TIME_TRIGGER:
        fire_time = kwargs.get("moment")
    elif terminal["classpath"] == _TIME_DELTA_TRIGGER and isinstance(kwargs.get("delta"), timedelta):
        fire_time = now + kwargs["delta"]
    if not isinstance(fire_time, datetime):
        return None
    fire_time = fire_time if fire_time.tzinfo else fire_time.replace(tzinfo=timezone.utc)
    return Resumption(after_s=max(0.0, (fire_time - now).total_seconds()), ti_context=_with_event(terminal, fire_time))


def build_human_input_event(
    question: Mapping[str, Any], chosen: Sequence[str] | None, params: Mapping[str, Any], user: str, now: datetime
) -> dict[str, Any]:
    """Return the event that resumes a task which asked a human.

    Args:
        question: the question (`CreateHITLDetailPayload`).
        chosen: the chosen options; None if nobody answers in time, and the defaults apply.
        params: the values of the form's fields; the other fields have their defaults.
        user: who answers.
        now: the time of the answer, aware.
    """
    is_late = chosen is None
    options = question.get("defaults") if chosen is None else chosen
    if options is None:
        return {"error": "nobody answered in time, and there are no defaults", "error_type": "timeout"}
    form = question.get("params") or {}
    defaults = {name: param.get("value") if isinstance(param, dict) else param for name, param in form.items()}
    return {
        "chosen_options": list(options),
        "params_input": {**defaults, **params},
        "responded_at": now,
        "responded_by_user": None if is_late else {"id": user, "name": user},
        "timedout": is_late,
    }


def find_choice_problem(question: Mapping[str, Any], chosen: Sequence[str]) -> str | None:
    """Return why a human cannot choose these options, or None if they can."""
    options, is_multiple = list(question["options"]), bool(question.get("multiple"))
    if all(option in options for option in chosen) and (is_multiple or len(chosen) <= 1):
        return None
    return f"{list(chosen)} is not an answer: choose {'some' if is_multiple else 'one'} of {options}"


def resume_after_reschedule(instance: Instance, terminal: Mapping[str, Any], now: datetime) -> Resumption:
    """Return how a task instance resumes after a reschedule (`RescheduleTask`): at the date that it named."""
    date = terminal["reschedule_date"]
    after_s = (date - now).total_seconds() if isinstance(date, datetime) else 0.0
    context = {"task_reschedule_count": instance.reschedules, "start_date": instance.start_date}
    return Resumption(after_s=max(0.0, after_s), ti_context=context)


def _with_event(terminal: Mapping[str, Any], event: object) -> dict[str, Any]:
    kwargs = decode(terminal.get("next_kwargs") or {})
    next_kwargs = encode({**(kwargs if isinstance(kwargs, dict) else {}), "event": event})
    return {"next_method": terminal["next_method"], "next_kwargs": next_kwargs}
