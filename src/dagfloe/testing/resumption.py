"""The fields of `StartupDetails.ti_context` with which a waiting task resumes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.client.human_input import HITL_TRIGGER
from dagfloe.constants import AWAITING_INPUT, DEFERRED, UP_FOR_RESCHEDULE
from dagfloe.local.schedule.resumption import build_human_input_event, find_choice_problem
from dagfloe.runtime.wire.messages import TRIGGER_FAILED_METHOD
from dagfloe.testing.errors import MisuseError
from dagfloe.values.serde import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dagfloe.testing.result import Result


def resume_from_trigger(result: Result, event: Any, error: str | None) -> dict[str, Any]:
    """Return the fields for a deferred task whose trigger has an event, or failed.

    Raises:
        MisuseError: if the task is not deferred, or both event and error are set.
    """
    _check_state(result, DEFERRED)
    if error is None:
        return _resume_with_event(result, event)
    if event is not None:
        raise MisuseError("a trigger either fires with an event or fails with an error, not both")
    return {"next_method": TRIGGER_FAILED_METHOD, "next_kwargs": {"error": error, "traceback": None}}


def resume_from_answer(
    result: Result, chosen: Sequence[str] | None, params: Mapping[str, Any], user: str, now: datetime
) -> dict[str, Any]:
    """Return the fields for a task whose question a human answered; `chosen` is None after the timeout.

    Raises:
        MisuseError: if the task does not wait for a human, or the answer does not fit the question.
    """
    question = result.question
    waits = result.state == AWAITING_INPUT or (result.state == DEFERRED and result.trigger == HITL_TRIGGER)
    if question is None or not waits:
        raise MisuseError(f"{result.name} is {result.state!r} and does not wait for a human")
    unknown = sorted(set(params) - set(question["params"]))
    if unknown:
        raise MisuseError(
            f"the question of {result.name} has no param {unknown[0]!r}, only {sorted(question['params'])}"
        )
    problem = find_choice_problem(question, chosen or ())
    if problem is not None:
        raise MisuseError(f"the answer does not fit the question of {result.name}: {problem}")
    return _resume_with_event(result, build_human_input_event(question, chosen, params, user, now))


def resume_from_reschedule(result: Result) -> dict[str, Any]:
    """Return the fields for a task that was rescheduled.

    Raises:
        MisuseError: if it was not rescheduled.
    """
    _check_state(result, UP_FOR_RESCHEDULE)
    ti_context = result.run.ti_context
    return {
        "task_reschedule_count": ti_context.get("task_reschedule_count", 0) + 1,
        "first_task_reschedule_start_date": (
            ti_context.get("first_task_reschedule_start_date") or ti_context["start_date"]
        ),
    }


def _resume_with_event(result: Result, event: Any) -> dict[str, Any]:
    return {
        "next_method": result.resumes_in,
        "next_kwargs": {**result.terminal["next_kwargs"], "event": encode(event)},
        "xcom_keys_to_clear": [],
    }


def _check_state(result: Result, state: str) -> None:
    if result.state != state:
        raise MisuseError(f"{result.name} is {result.state!r}, not {state!r}")
