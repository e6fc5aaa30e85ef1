"""The terminal messages that this runtime sends, and the first frame's body that it reads. Pure."""

from __future__ import annotations

import os
from datetime import datetime, timezone

from dagfloe.errors import RemoteProtocolError
from dagfloe.model.context import BundleInfo, Context, TaskInstance, read_dag_run
from dagfloe.model.record import Record
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from typing import Any

    from dagfloe.cancellation import Cancellation
    from dagfloe.messages.v2026_06_16 import (
        AwaitInputTask,
        DagFileParsingResult,
        DeferTask,
        RescheduleTask,
        RetryTask,
        SucceedTask,
    )

MAX_RETRY_REASON_LENGTH = 500
#: What the supervisor names as `next_method` when the trigger failed.
TRIGGER_FAILED_METHOD = "__fail__"


# The terminal messages


def succeeded(*, rendered_map_index: str | None = None, outlets: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The terminal message of a task that returned.

    Args:
        rendered_map_index: what is shown in the place of its map index.
        outlets: `task_outlets` and `outlet_events`, if it has outlets.
    """
    message: SucceedTask = {
        "type": "SucceedTask",
        "state": "success",
        "end_date": datetime.now(tz=timezone.utc),
        # What is left out here reaches Airflow's API server as null, and it refuses that.
        "task_outlets": [],
        "outlet_events": [],
    }
    return {**message, **(outlets or {}), **_shown(rendered_map_index)}


def ended(state: str, *, rendered_map_index: str | None = None, reason: str | None = None) -> dict[str, Any]:
    """The terminal message of a task that ended as `failed`, `skipped` or `removed`.

    Args:
        state: one of these.
        rendered_map_index: what is shown in the place of its map index.
        reason: what a retry policy said; only where the supervisor schema has the field.
    """
    message = {
        "type": "TaskState",
        "state": state,
        "end_date": datetime.now(tz=timezone.utc),
        **_shown(rendered_map_index),
    }
    return {**message, "retry_reason": reason[:MAX_RETRY_REASON_LENGTH]} if reason is not None else message


def retry(
    reason: str, *, delay: timedelta | float | None = None, rendered_map_index: str | None = None
) -> dict[str, Any]:
    """The terminal message of a task that failed and has tries left.

    Args:
        reason: why; it is cut to what Airflow takes.
        delay: until the next try; what Airflow's task says when it is None.
        rendered_map_index: what is shown in the place of its map index.
    """
    message: RetryTask = {
        "type": "RetryTask",
        "state": "up_for_retry",
        "end_date": datetime.now(tz=timezone.utc),
        "retry_reason": reason[:MAX_RETRY_REASON_LENGTH],
    }
    if delay is not None:
        from dagfloe.values.dates import to_seconds  # noqa: PLC0415 - few retries have a delay of their own

        message["retry_delay_seconds"] = to_seconds(delay)
    return {**message, **_shown(rendered_map_index)}


def deferred(
    classpath: str,
    trigger_kwargs: Mapping[str, Any],
    next_method: str,
    next_kwargs: Mapping[str, Any],
    *,
    timeout: timedelta | float | None = None,
    queue: str | None = None,
    rendered_map_index: str | None = None,
) -> dict[str, Any]:
    """The terminal message of a task that goes on when a trigger has fired; the kwargs are encoded already."""
    message: DeferTask = {
        "type": "DeferTask",
        "state": "deferred",
        "classpath": classpath,
        "trigger_kwargs": dict(trigger_kwargs),
        "next_method": next_method,
        "next_kwargs": dict(next_kwargs),
    }
    optional = {"trigger_timeout": _duration(timeout), "queue": queue}
    return {**message, **_without_none(optional), **_shown(rendered_map_index)}


def awaiting_input(
    next_method: str,
    next_kwargs: Mapping[str, Any],
    *,
    timeout: timedelta | float | None = None,
    rendered_map_index: str | None = None,
) -> dict[str, Any]:
    """The terminal message of a task that goes on when a human has answered; the kwargs are encoded already."""
    message: AwaitInputTask = {
        "type": "AwaitInputTask",
        "state": "awaiting_input",
        "next_method": next_method,
        "next_kwargs": dict(next_kwargs),
    }
    optional = {"timeout": _duration(timeout)}
    return {**message, **_without_none(optional), **_shown(rendered_map_index)}


def rescheduled(reschedule_date: datetime) -> dict[str, Any]:
    """The terminal message of a task that is to be run again, as the same try, at a later time."""
    message: RescheduleTask = {
        "type": "RescheduleTask",
        "state": "up_for_reschedule",
        "reschedule_date": reschedule_date,
        "end_date": datetime.now(tz=timezone.utc),
    }
    return {**message}


def no_dags(body: Mapping[str, Any] | None, error: BaseException | None = None) -> dict[str, Any] | None:
    """The answer to a Dag processor that asks a bundle for Dags of its own: it has none.

    Args:
        body: the first frame's body.
        error: why the bundle cannot be imported, which Airflow then shows as the file's import error.

    Returns:
        None when it is not a Dag processor that asks.
    """
    if body is None or body.get("type") != "DagFileParseRequest":
        return None
    file = str(body.get("file"))
    message: DagFileParsingResult = {
        "type": "DagFileParsingResult",
        "fileloc": file,
        "serialized_dags": [],
        "import_errors": {},
    }
    if error is not None:
        import traceback  # noqa: PLC0415 - few bundles are broken

        place = os.path.relpath(file, str(body.get("bundle_path")))
        message["import_errors"] = {place: "".join(traceback.format_exception(error))}
    return {**message}


def _duration(timeout: timedelta | float | None) -> str | None:
    if timeout is None:
        return None
    from dagfloe.values.dates import to_duration  # noqa: PLC0415 - few tasks are suspended

    return to_duration(timeout)


def _shown(rendered_map_index: str | None) -> dict[str, str]:
    return {} if rendered_map_index is None else {"rendered_map_index": rendered_map_index}


def _without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


# The first frame


class Startup(Record):
    """What the supervisor says of the task to run (`StartupDetails`).

    Attributes:
        context: what the author sees of it.
        next_method: the function to resume in, when the task was deferred.
        next_kwargs: what that function gets, as Airflow encoded it.
        xcom_keys_to_clear: the XComs of an earlier try.
        arg_bindings: the arguments that the stub Dag gives (3.4).
        schema_version: the supervisor schema version that the bundle names.
    """

    _hidden = frozenset({"next_kwargs", "arg_bindings"})

    context: Context
    next_method: str | None = None
    next_kwargs: Any = None
    xcom_keys_to_clear: tuple[str, ...] = ()
    arg_bindings: tuple[Mapping[str, Any], ...] = ()
    schema_version: str = DEFAULT_SCHEMA_VERSION


def read_startup(
    body: Mapping[str, Any] | None, cancellation: Cancellation, schema_version: str = DEFAULT_SCHEMA_VERSION
) -> Startup:
    """What the first frame's `StartupDetails` asks for. Unknown fields are ignored.

    Args:
        body: the frame's body.
        cancellation: what the context's `cancelled` and its kin stand on.
        schema_version: the supervisor schema version that the bundle names.

    Raises:
        RemoteProtocolError: when it is another message, or a required field is missing or of the wrong type.
    """
    kind = None if body is None else body.get("type")
    if body is None or kind != "StartupDetails":
        raise RemoteProtocolError(
            f"the first frame is {kind!r}, expected StartupDetails or DagFileParseRequest: is this Airflow newer than "
            "the bundle?"
        )
    path = "StartupDetails"
    ti_context = _map(body, "ti_context", path)
    read = _Details.read(body, path)
    more = _TiContext.read(ti_context, f"{path}.ti_context")
    context = Context(
        ti=TaskInstance.read(_map(body, "ti", path), f"{path}.ti", "try_number", "dag_version_id"),
        dag_run=read_dag_run(_map(ti_context, "dag_run", f"{path}.ti_context"), f"{path}.ti_context.dag_run"),
        bundle_info=BundleInfo.read(_map(body, "bundle_info", path), f"{path}.bundle_info"),
        max_tries=more.max_tries,
        should_retry=more.should_retry,
        start_date=read.start_date,
        dag_rel_path=read.dag_rel_path,
        task_reschedule_count=more.task_reschedule_count,
        first_reschedule_date=more.first_task_reschedule_start_date,
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


def _map(body: Mapping[str, Any], name: str, path: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        got = type(value).__name__ if name in body else "nothing"
        raise RemoteProtocolError(f"{path}.{name} is {got}, expected dict")
    return value
