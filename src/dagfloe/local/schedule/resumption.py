"""How a task instance that has not finished goes on: after a retry, a deferral, a reschedule, an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.client.human_input import HITL_TRIGGER
from dagfloe.model.states import AWAITING_INPUT, DEFERRED, UP_FOR_RESCHEDULE, UP_FOR_RETRY
from dagfloe.runtime.wire.messages import TRIGGER_FAILED_METHOD
from dagfloe.values.serde import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.local.schedule.dag_run import Answers
    from dagfloe.local.schedule.outcomes import TriggerOutcome
    from dagfloe.local.schedule.task_instances import Instance

#: Triggers that only wait: what they do is known without running them.
_MOMENT_TRIGGER = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
_DELTA_TRIGGER = "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger"


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """How it goes on.

    Attributes:
        after_s: seconds until then.
        ti_context: what `StartupDetails.ti_context` says further.
    """

    after_s: float = 0.0
    ti_context: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Resumer:
    """Decides how task instances go on.

    Args:
        answers: knows what comes of triggers and of questions.
        questions: what humans are asked, by ti_id.
    """

    def __init__(self, answers: Answers, questions: Mapping[str, Mapping[str, Any]]) -> None:
        self._answers = answers
        self._questions = questions

    def after(self, instance: Instance, state: str, terminal: Mapping[str, Any]) -> Resumption | None:
        """How a task instance goes on; None when it cannot, and then `instance.note` says why.

        Args:
            instance: the task instance; its counters are brought forward.
            state: the state that it is in.
            terminal: the terminal message; empty when there was none.
        """
        now = datetime.now(tz=timezone.utc)
        if state == UP_FOR_RETRY:
            resumption = after_failure(instance, terminal)
            instance.try_number += 1
            instance.reschedules, instance.started = 0, None
            return resumption
        if state == UP_FOR_RESCHEDULE:
            instance.reschedules += 1
            return after_reschedule(instance, terminal, now)
        if state == AWAITING_INPUT or (state == DEFERRED and terminal["classpath"] == HITL_TRIGGER):
            return self._ask(instance, terminal)
        if state == DEFERRED:
            return self._fire(instance, terminal, now)
        instance.note = f"it ended in the state {state}, after which nothing is run"
        return None

    def _fire(self, instance: Instance, terminal: Mapping[str, Any], now: datetime) -> Resumption | None:
        outcome = self._answers.trigger(instance, terminal)
        if outcome is not None:
            return after_deferral(terminal, outcome)
        waited = after_waiting(terminal, now)
        if waited is None:
            instance.note = (
                f"it is deferred to {terminal['classpath']}, and nothing says what comes of it: name its event in a "
                "seed file, [[triggers]]"
            )
        return waited

    def _ask(self, instance: Instance, terminal: Mapping[str, Any]) -> Resumption | None:
        question = self._questions.get(instance.ti_id)
        if question is None:
            instance.note = "it waits for an answer, and has asked nothing"
            return None
        outcome = self._answers.human(instance, question)
        if outcome is None:
            instance.note = (
                f"nobody is there to answer {question['subject']!r}: run it at a terminal, or give the answer in a "
                "seed file, [[human_input]]"
            )
            return None
        instance.note = misfit(question, outcome.chosen)
        if instance.note is not None:
            return None
        chosen = None if outcome.timed_out else outcome.chosen
        event = answer_event(question, chosen, outcome.params, "local", datetime.now(tz=timezone.utc))
        return Resumption(ti_context=_with_event(terminal, event))


def after_failure(instance: Instance, terminal: Mapping[str, Any] | None) -> Resumption:
    """After a failed try: the delay that the task asked for, or the declared one."""
    asked = (terminal or {}).get("retry_delay_seconds")
    return Resumption(after_s=instance.task.delay_s(instance.try_number) if asked is None else float(asked))


def after_deferral(terminal: Mapping[str, Any], outcome: TriggerOutcome) -> Resumption:
    """After a trigger's outcome (`DeferTask`)."""
    if outcome.error is not None:
        return Resumption(
            ti_context={
                "next_method": TRIGGER_FAILED_METHOD,
                "next_kwargs": {"error": outcome.error, "traceback": None},
            }
        )
    return Resumption(ti_context=_with_event(terminal, outcome.event))


def after_waiting(terminal: Mapping[str, Any], now: datetime) -> Resumption | None:
    """After a trigger that only waits for a moment; None for any other one."""
    kwargs = decode(terminal.get("trigger_kwargs") or {})
    moment: Any = None
    if terminal["classpath"] == _MOMENT_TRIGGER:
        moment = kwargs.get("moment")
    elif terminal["classpath"] == _DELTA_TRIGGER and isinstance(kwargs.get("delta"), timedelta):
        moment = now + kwargs["delta"]
    if not isinstance(moment, datetime):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return Resumption(after_s=max(0.0, (moment - now).total_seconds()), ti_context=_with_event(terminal, moment))


def answer_event(
    question: Mapping[str, Any], chosen: Sequence[str] | None, params: Mapping[str, Any], user: str, now: datetime
) -> dict[str, Any]:
    """The event with which a task resumes that asked a human.

    Args:
        question: what was asked (`CreateHITLDetailPayload`).
        chosen: the chosen options; None when nobody answered in time, and then the defaults are taken.
        params: what was typed into the form, by field; the others have their default values.
        user: who answered.
        now: when, aware.
    """
    is_late = chosen is None
    options = question.get("defaults") if chosen is None else chosen
    if options is None:
        return {"error": "nobody answered in time, and there are no defaults", "error_type": "timeout"}
    form = question.get("params") or {}
    given = {name: each.get("value") if isinstance(each, dict) else each for name, each in form.items()}
    return {
        "chosen_options": list(options),
        "params_input": {**given, **params},
        "responded_at": now,
        "responded_by_user": None if is_late else {"id": user, "name": user},
        "timedout": is_late,
    }


def misfit(question: Mapping[str, Any], chosen: Sequence[str]) -> str | None:
    """Why options cannot be chosen; None when they can."""
    options, many = list(question["options"]), bool(question.get("multiple"))
    if all(each in options for each in chosen) and (many or len(chosen) <= 1):
        return None
    return f"{list(chosen)} is no answer: choose {'some' if many else 'one'} of {options}"


def after_reschedule(instance: Instance, terminal: Mapping[str, Any], now: datetime) -> Resumption:
    """After the date that a task named (`RescheduleTask`)."""
    when = terminal["reschedule_date"]
    after_s = (when - now).total_seconds() if isinstance(when, datetime) else 0.0
    context = {"task_reschedule_count": instance.reschedules, "start_date": instance.started}
    return Resumption(after_s=max(0.0, after_s), ti_context=context)


def _with_event(terminal: Mapping[str, Any], event: object) -> dict[str, Any]:
    kwargs = decode(terminal.get("next_kwargs") or {})
    handed_on = encode({**(kwargs if isinstance(kwargs, dict) else {}), "event": event})
    return {"next_method": terminal["next_method"], "next_kwargs": handed_on}
