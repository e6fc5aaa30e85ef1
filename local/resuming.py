"""How a task instance that has not finished goes on: after a retry, a deferral, a reschedule, an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.runtime.messages import TRIGGER_FAILED_METHOD
from dagfloe.serde import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.instances import Instance
    from dagfloe.local.outcomes import HumanOutcome, TriggerOutcome

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


def after_answer(terminal: Mapping[str, Any], question: Mapping[str, Any], outcome: HumanOutcome) -> Resumption:
    """After a human's answer, or after none came in time (`AwaitInputTask`)."""
    given = {name: field.get("value") if isinstance(field, dict) else field for name, field in _form(question).items()}
    event = {
        "chosen_options": list(outcome.chosen),
        "params_input": {**given, **outcome.params},
        "responded_at": datetime.now(tz=timezone.utc),
        "responded_by_user": None if outcome.timed_out else {"id": "local", "name": "local"},
        "timedout": outcome.timed_out,
    }
    return Resumption(ti_context=_with_event(terminal, event))


def after_reschedule(instance: Instance, terminal: Mapping[str, Any], now: datetime) -> Resumption:
    """After the date that a task named (`RescheduleTask`)."""
    when = terminal["reschedule_date"]
    after_s = (when - now).total_seconds() if isinstance(when, datetime) else 0.0
    context = {"task_reschedule_count": instance.reschedules, "start_date": instance.started}
    return Resumption(after_s=max(0.0, after_s), ti_context=context)


def _form(question: Mapping[str, Any]) -> Mapping[str, Any]:
    return question.get("params") or {}


def _with_event(terminal: Mapping[str, Any], event: object) -> dict[str, Any]:
    kwargs = decode(terminal.get("next_kwargs") or {})
    handed_on = encode({**(kwargs if isinstance(kwargs, dict) else {}), "event": event})
    return {"next_method": terminal["next_method"], "next_kwargs": handed_on}
