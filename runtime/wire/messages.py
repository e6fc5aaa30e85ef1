"""Makes the terminal messages that this runtime sends, and reads the body of the first frame. Pure."""

from __future__ import annotations

from datetime import datetime, timezone

from dagfloe.constants import AWAITING_INPUT, DEFERRED, SUCCESS, UP_FOR_RESCHEDULE, UP_FOR_RETRY
from dagfloe.errors import RemoteProtocolError
from dagfloe.model.context import BundleInfo, Context, TaskInstance, read_dag_run
from dagfloe.model.record import Record
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION

#: The type of the first frame's body that names a task to run.
STARTUP_DETAILS = "StartupDetails"
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from typing import Any

    from dagfloe.authoring.dag import Dag
    from dagfloe.cancellation import Cancellation
    from dagfloe.messages.v2026_06_16 import (
        AwaitInputTask,
        DeferTask,
        RescheduleTask,
        RetryTask,
        SucceedTask,
    )

MAX_RETRY_REASON_LENGTH = 500
#: Saved, because the author's code may replace `datetime` in this module, as freezegun does.
_now = datetime.now
#: The supervisor's `next_method` for a task whose trigger failed.
TRIGGER_FAILED_METHOD = "__fail__"


# The terminal messages


def succeed_task(*, rendered_map_index: str | None = None, outlets: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make the terminal message of a task that returned.

    Args:
        rendered_map_index: the label that Airflow shows instead of the map index.
        outlets: the fields `task_outlets` and `outlet_events`, if the task has outlets.
    """
    message: SucceedTask = {
        "type": "SucceedTask",
        "state": SUCCESS,
        "end_date": _now(timezone.utc),
        # If these are left out, Airflow's API server receives null and refuses the message.
        "task_outlets": [],
        "outlet_events": [],
    }
    return {**message, **(outlets or {}), **_label(rendered_map_index)}


def end_task(state: str, *, rendered_map_index: str | None = None, reason: str | None = None) -> dict[str, Any]:
    """Make the terminal message of a task that ends as failed, skipped or removed.

    Args:
        state: one of these three states.
        rendered_map_index: the label that Airflow shows instead of the map index.
        reason: the retry policy's reason; pass it only if the supervisor schema has the field `retry_reason`.
    """
    message = {
        "type": "TaskState",
        "state": state,
        "end_date": _now(timezone.utc),
        **_label(rendered_map_index),
    }
    return {**message, "retry_reason": _reason(reason)} if reason is not None else message


def retry_task(
    reason: str, *, delay: timedelta | float | None = None, rendered_map_index: str | None = None
) -> dict[str, Any]:
    """Make the terminal message of a task that failed and has tries left.

    Args:
        reason: why it failed; cut to the length that Airflow accepts.
        delay: the time until the next try, as a timedelta or in seconds; None for the delay that the Dag declares.
        rendered_map_index: the label that Airflow shows instead of the map index.
    """
    message: RetryTask = {
        "type": "RetryTask",
        "state": UP_FOR_RETRY,
        "end_date": _now(timezone.utc),
        "retry_reason": _reason(reason),
    }
    if delay is not None:
        from dagfloe.values.dates import to_seconds  # noqa: PLC0415 - few retries have a delay of their own

        message["retry_delay_seconds"] = to_seconds(delay)
    return {**message, **_label(rendered_map_index)}


def defer_task(
    classpath: str,
    trigger_kwargs: Mapping[str, Any],
    next_method: str,
    next_kwargs: Mapping[str, Any],
    *,
    timeout: timedelta | float | None = None,
    queue: str | None = None,
    rendered_map_index: str | None = None,
) -> dict[str, Any]:
    """Make the terminal message of a task that waits for a trigger.

    Args:
        classpath: the full name of the trigger's class.
        trigger_kwargs: its arguments, encoded with `dagfloe.values.serde`.
        next_method: the name of the function that the task resumes in.
        next_kwargs: that function's arguments, encoded.
        timeout: how long the trigger may take, as a timedelta or in seconds; None for no limit.
        queue: the triggerer's queue.
        rendered_map_index: the label that Airflow shows instead of the map index.
    """
    message: DeferTask = {
        "type": "DeferTask",
        "state": DEFERRED,
        "classpath": classpath,
        "trigger_kwargs": dict(trigger_kwargs),
        "next_method": next_method,
        "next_kwargs": dict(next_kwargs),
    }
    optional = {"trigger_timeout": _duration(timeout), "queue": queue}
    return {**message, **_without_none(optional), **_label(rendered_map_index)}


def await_input_task(
    next_method: str,
    next_kwargs: Mapping[str, Any],
    *,
    timeout: timedelta | float | None = None,
    rendered_map_index: str | None = None,
) -> dict[str, Any]:
    """Make the terminal message of a task that waits for a human's answer.

    Args:
        next_method: the name of the function that the task resumes in.
        next_kwargs: that function's arguments, encoded with `dagfloe.values.serde`.
        timeout: how long the human may take, as a timedelta or in seconds; None for no limit.
        rendered_map_index: the label that Airflow shows instead of the map index.
    """
    message: AwaitInputTask = {
        "type": "AwaitInputTask",
        "state": AWAITING_INPUT,
        "next_method": next_method,
        "next_kwargs": dict(next_kwargs),
    }
    optional = {"timeout": _duration(timeout)}
    return {**message, **_without_none(optional), **_label(rendered_map_index)}


def reschedule_task(reschedule_date: datetime) -> dict[str, Any]:
    """Make the terminal message of a task that Airflow should run again later, as the same try.

    Args:
        reschedule_date: when, an aware datetime.
    """
    message: RescheduleTask = {
        "type": "RescheduleTask",
        "state": UP_FOR_RESCHEDULE,
        "reschedule_date": reschedule_date,
        "end_date": _now(timezone.utc),
    }
    return {**message}


def _duration(timeout: timedelta | float | None) -> str | None:
    if timeout is None:
        return None
    from dagfloe.values.dates import to_duration  # noqa: PLC0415 - few tasks are suspended

    return to_duration(timeout)


def _reason(reason: str) -> str:
    """A reason that Airflow's database can hold."""
    return reason.replace("\0", "\\x00")[:MAX_RETRY_REASON_LENGTH]


def _label(rendered_map_index: str | None) -> dict[str, str]:
    return {} if rendered_map_index is None else {"rendered_map_index": rendered_map_index}


def _without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


# The first frame


class Startup(Record):
    """The task to run, as the supervisor describes it (`StartupDetails`).

    Attributes:
        context: the task's context.
        next_method: the function to resume in, if the task was deferred.
        next_kwargs: that function's arguments, as Airflow encodes them.
        xcom_keys_to_clear: the keys of XComs that an earlier try pushed.
        arg_bindings: the arguments that the stub Dag passes (Airflow 3.4).
        schema_version: the supervisor schema version that the bundle speaks.
    """

    _hidden = frozenset({"next_kwargs", "arg_bindings"})

    context: Context
    next_method: str | None = None
    next_kwargs: Any = None
    xcom_keys_to_clear: tuple[str, ...] = ()
    arg_bindings: tuple[Mapping[str, Any], ...] = ()
    schema_version: str = DEFAULT_SCHEMA_VERSION


def read_startup(
    body: Mapping[str, Any] | None,
    cancellation: Cancellation,
    schema_version: str = DEFAULT_SCHEMA_VERSION,
    dags: Mapping[str, Dag] | None = None,
) -> Startup:
    """Read `StartupDetails`, the first frame's body. Unknown fields are ignored.

    Args:
        body: the frame's body.
        cancellation: the cancellation for the context.
        schema_version: the supervisor schema version that the bundle speaks.
        dags: the bundle's Dags by dag_id; their params are in the context.

    Raises:
        RemoteProtocolError: when the body is another message, or a required field is missing or of the wrong type.
    """
    kind = None if body is None else body.get("type")
    if body is None or kind != STARTUP_DETAILS:
        raise RemoteProtocolError(
            f"the first frame is {kind!r}, which this bundle does not know: is this Airflow newer than the bundle?"
        )
    path = STARTUP_DETAILS
    ti_context = _mapping(body, "ti_context", path)
    read = _Details.read(body, path)
    more = _TiContext.read(ti_context, f"{path}.ti_context")
    ti = TaskInstance.read(_mapping(body, "ti", path), f"{path}.ti", "try_number", "dag_version_id")
    dag = None if dags is None else dags.get(ti.dag_id)
    context = Context(
        ti=ti,
        dag_run=read_dag_run(_mapping(ti_context, "dag_run", f"{path}.ti_context"), f"{path}.ti_context.dag_run"),
        bundle_info=BundleInfo.read(_mapping(body, "bundle_info", path), f"{path}.bundle_info"),
        max_tries=more.max_tries,
        should_retry=more.should_retry,
        start_date=read.start_date,
        dag_rel_path=read.dag_rel_path,
        task_reschedule_count=more.task_reschedule_count,
        first_reschedule_date=more.first_task_reschedule_start_date,
        default_params={} if dag is None else dag.default_params,
        cancellation=cancellation,
    )
    return Startup(
        context=context,
        next_method=more.next_method,
        next_kwargs=ti_context.get("next_kwargs"),
        xcom_keys_to_clear=more.xcom_keys_to_clear,
        arg_bindings=more.arg_bindings,
        schema_version=schema_version,
    )


class _Details(Record):
    start_date: datetime
    dag_rel_path: str


class _TiContext(Record):
    max_tries: int
    should_retry: bool = False
    task_reschedule_count: int = 0
    first_task_reschedule_start_date: datetime | None = None
    next_method: str | None = None
    xcom_keys_to_clear: tuple[str, ...] = ()
    arg_bindings: tuple[Mapping[str, Any], ...] = ()


def _mapping(body: Mapping[str, Any], name: str, path: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        got = type(value).__name__ if name in body else "nothing"
        raise RemoteProtocolError(f"{path}.{name} is {got}, expected dict")
    return value
