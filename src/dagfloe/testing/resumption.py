"""What a task that waited is told when it goes on: fields of `StartupDetails.ti_context`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.client.human_input import HITL_TRIGGER
from dagfloe.local.schedule.resumption import build_human_input_event, find_choice_problem
from dagfloe.runtime.wire.messages import TRIGGER_FAILED_METHOD
from dagfloe.testing.errors import MisuseError
from dagfloe.values.serde import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dagfloe.testing.result import Result


def fired(result: Result, event: Any, error: str | None) -> dict[str, Any]:
    """For a deferred task whose trigger said something, or failed.

    Raises:
        MisuseError: when it is not deferred, or both are given.
    """
    _expect(result, "deferred")
    if error is None:
        return _resumed(result, event)
    if event is not None:
        raise MisuseError("a trigger either fires with an event or fails with an error, not both")
    return {"next_method": TRIGGER_FAILED_METHOD, "next_kwargs": {"error": error, "traceback": None}}


def answered(
    result: Result, chosen: Sequence[str] | None, params: Mapping[str, Any], user: str, now: datetime
) -> dict[str, Any]:
    """For a task whose question a human answered; `chosen` is None when nobody did in time.

    Raises:
        MisuseError: when it does not wait for a human, or the answer does not fit the question.
    """
    question = result.question
    waits = result.state == "awaiting_input" or (result.state == "deferred" and result.trigger == HITL_TRIGGER)
    if question is None or not waits:
        raise MisuseError(f"{result.name} is {result.state!r} and does not wait for a human")
    unknown = sorted(set(params) - set(question["params"]))
    if unknown:
        known = sorted(question["params"])
        raise MisuseError(f"the question of {result.name} has no param {unknown[0]!r}, only {known}")
    wrong = find_choice_problem(question, chosen or ())
    if wrong is not None:
        raise MisuseError(f"the question of {result.name} is answered wrongly: {wrong}")
    return _resumed(result, build_human_input_event(question, chosen, params, user, now))


def poked(result: Result) -> dict[str, Any]:
    """For a task that was rescheduled.

    Raises:
        MisuseError: when it was not.
    """
    _expect(result, "up_for_reschedule")
    told = result.run.ti_context
    first = told.get("first_task_reschedule_start_date") or told["start_date"]
    return {
        "task_reschedule_count": told.get("task_reschedule_count", 0) + 1,
        "first_task_reschedule_start_date": first,
    }


def _resumed(result: Result, event: Any) -> dict[str, Any]:
    return {
        "next_method": result.resumes_in,
        "next_kwargs": {**result.terminal["next_kwargs"], "event": encode(event)},
        "xcom_keys_to_clear": [],
    }


def _expect(result: Result, state: str) -> None:
    if result.state != state:
        raise MisuseError(f"{result.name} is {result.state!r}, not {state!r}")
