"""Turns the outcomes that an author raises, and a retry policy's decision, into terminal messages.

What the supervisor never answers, and what Airflow's API server or scheduler cannot process, is refused here: the error
names the value, and fails the task.
"""

from __future__ import annotations

from dagfloe.errors import DagfloeError, TaskAwaitingInput, TaskRescheduled
from dagfloe.runtime.log.sanitizer import class_name
from dagfloe.runtime.wire.messages import await_input_task, defer_task, reschedule_task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.retry import RetryDecision
    from dagfloe.errors import TaskDeferred

#: The characters that Airflow's database can hold.
_MAX_QUEUE_LENGTH = 256
_MAX_NAME_LENGTH = 1000
_ACTIONS = ("default", "retry", "fail")


def suspend(
    task: Task, outcome: TaskDeferred | TaskAwaitingInput | TaskRescheduled, rendered_map_index: str | None
) -> dict[str, Any]:
    """Make the terminal message of a task that Airflow will run again.

    Args:
        task: the task.
        outcome: what it raised.
        rendered_map_index: the label that Airflow shows instead of the map index.

    Raises:
        DagfloeError: when the outcome holds a value that cannot be sent.
    """
    if isinstance(outcome, TaskRescheduled):
        from dagfloe.values.dates import check_date  # noqa: PLC0415 - few tasks are rescheduled

        when = check_date(outcome.reschedule_date, "the reschedule_date of TaskRescheduled")
        return reschedule_task(when)
    from dagfloe.values.serde import encode  # noqa: PLC0415 - few tasks are suspended

    kind = class_name(outcome)
    resume, timeout = outcome.resume, outcome.timeout
    next_method = _check_string(task.resume_name(resume), f"the name of the function that {kind} resumes in")
    next_kwargs = encode(outcome.kwargs)
    if timeout is not None:
        from dagfloe.values.dates import check_duration  # noqa: PLC0415 - few outcomes have a timeout

        timeout = check_duration(timeout, f"the timeout of {kind}")
    if isinstance(outcome, TaskAwaitingInput):
        return await_input_task(next_method, next_kwargs, timeout=timeout, rendered_map_index=rendered_map_index)
    trigger = _check_string(outcome.trigger, f"the trigger of {kind}")
    if not all(part.isidentifier() for part in trigger.split(".")) or "." not in trigger:
        raise DagfloeError(f"{trigger!r} is not the full name of a trigger's class: name its module, too")
    queue = None if outcome.queue is None else _check_string(outcome.queue, f"the queue of {kind}", _MAX_QUEUE_LENGTH)
    return defer_task(
        trigger,
        encode(outcome.trigger_kwargs),
        next_method,
        next_kwargs,
        timeout=timeout,
        queue=queue,
        rendered_map_index=rendered_map_index,
    )


def check_decision(decision: object) -> RetryDecision | None:
    """Check what a retry policy returned.

    Args:
        decision: what it returned.

    Returns:
        The decision; None for Airflow's own rule.

    Raises:
        DagfloeError: when it is not a decision, or holds a value that cannot be sent.
    """
    if decision is None:
        return None
    from dagfloe.authoring.retry import RetryDecision  # noqa: PLC0415 - the policy has imported it

    if not isinstance(decision, RetryDecision) or decision.action not in _ACTIONS:
        raise DagfloeError(
            f"the retry policy returned {_show(decision)}: return RetryDecision.retry(), fail() or default(), or None"
        )
    if decision.delay is not None:
        from dagfloe.values.dates import check_duration  # noqa: PLC0415 - few decisions have a delay

        check_duration(decision.delay, "the delay of RetryDecision")
    if decision.reason is not None and not isinstance(decision.reason, str):
        raise DagfloeError(f"the reason of RetryDecision is {_show(decision.reason)}: pass a str")
    return decision


def _check_string(value: Any, name: str, most: int = _MAX_NAME_LENGTH) -> str:
    """Check that a string fits into Airflow's database."""
    if not isinstance(value, str):
        raise DagfloeError(f"{name} is {_show(value)}: pass a str")
    from dagfloe.values.jsonable import find_bad_string  # noqa: PLC0415 - few tasks are suspended

    if len(value) > most or "\0" in value or find_bad_string(value) is not None:
        raise DagfloeError(
            f"{name} is {value[:most]!r}: use at most {most} characters, without NUL and without lone surrogates"
        )
    return value


def _show(value: object) -> str:
    return repr(value) if type(value) in (int, float, bool, str) else f"of type {class_name(value)}"
