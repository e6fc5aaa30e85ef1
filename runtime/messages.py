"""The terminal messages that this runtime sends, and the first frame's body that it reads. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from dagfloe.context import BundleInfo, Context, DagRun, TaskInstance
from dagfloe.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dagfloe.cancellation import Cancellation

MAX_RETRY_REASON_LENGTH = 500


def succeeded() -> dict[str, Any]:
    """The terminal message of a task that returned."""
    return {"type": "SucceedTask", "state": "success", "end_date": _now()}


def ended(state: str) -> dict[str, Any]:
    """The terminal message of a task that ended as `failed`, `skipped` or `removed`."""
    return {"type": "TaskState", "state": state, "end_date": _now()}


def retry(reason: str) -> dict[str, Any]:
    """The terminal message of a task that failed and has tries left."""
    return {
        "type": "RetryTask",
        "state": "up_for_retry",
        "end_date": _now(),
        "retry_reason": reason[:MAX_RETRY_REASON_LENGTH],
    }


def _now() -> datetime:
    return datetime.now(tz=timezone.utc)


def read_startup(body: Mapping[str, Any] | None, cancellation: Cancellation) -> Context:
    """The context of the task that the first frame's `StartupDetails` asks for.

    Unknown fields are ignored.

    Args:
        body: the frame's body.
        cancellation: what the context's `cancelled` and its kin stand on.

    Raises:
        RemoteProtocolError: when it is another message, or a required field is missing or of the wrong type.
    """
    kind = None if body is None else body.get("type")
    if body is None or kind != "StartupDetails":
        raise RemoteProtocolError(f"the first frame is {kind!r}, expected StartupDetails: this runtime runs tasks only")
    details = _Fields("StartupDetails", body)
    ti = details.fields("ti")
    ti_context = details.fields("ti_context")
    run = ti_context.fields("dag_run")
    bundle_info = details.fields("bundle_info")
    return Context(
        ti=TaskInstance(
            id=ti.get("id", str),
            dag_id=ti.get("dag_id", str),
            task_id=ti.get("task_id", str),
            run_id=ti.get("run_id", str),
            try_number=ti.get("try_number", int),
            map_index=ti.get("map_index", int, -1),
            dag_version_id=ti.get("dag_version_id", str),
            hostname=ti.get("hostname", str, None),
            queue=ti.get("queue", str, "default"),
        ),
        dag_run=DagRun(
            dag_id=run.get("dag_id", str),
            run_id=run.get("run_id", str),
            run_type=run.get("run_type", str),
            state=run.get("state", str),
            logical_date=run.when("logical_date", None),
            data_interval_start=run.when("data_interval_start", None),
            data_interval_end=run.when("data_interval_end", None),
            run_after=run.when("run_after"),
            start_date=run.when("start_date", None),
            end_date=run.when("end_date", None),
            conf=run.get("conf", dict, None) or {},
            clear_number=run.get("clear_number", int, 0),
            triggering_user_name=run.get("triggering_user_name", str, None),
            partition_key=run.get("partition_key", str, None),
            note=run.get("note", str, None),
        ),
        bundle_info=BundleInfo(name=bundle_info.get("name", str), version=bundle_info.get("version", str, None)),
        max_tries=ti_context.get("max_tries", int),
        should_retry=ti_context.get("should_retry", bool, default=False),
        start_date=details.when("start_date"),
        dag_rel_path=details.get("dag_rel_path", str),
        cancellation=cancellation,
    )


_REQUIRED: Any = object()


class _Fields:
    """A message's fields, read with a named error for each that is missing or mis-typed."""

    def __init__(self, path: str, body: Mapping[str, Any]) -> None:
        self._path = path
        self._body = body

    def get(self, name: str, kind: type, default: Any = _REQUIRED) -> Any:
        value = self._body.get(name)
        if value is None and default is not _REQUIRED:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            got = type(value).__name__ if name in self._body else "nothing"
            raise RemoteProtocolError(f"{self._path}.{name} is {got}, expected {kind.__name__}")
        return value

    def fields(self, name: str) -> _Fields:
        return _Fields(f"{self._path}.{name}", self.get(name, dict))

    def when(self, name: str, default: Any = _REQUIRED) -> Any:
        """An aware datetime: the timestamp extension, or ISO text where the message was migrated between schemas."""
        value = self._body.get(name)
        if isinstance(value, str):
            # Python 3.10 reads fractions of three and of six digits only.
            six_digits = re.sub(r"\.(\d+)", lambda fraction: f".{fraction[1]:0<6.6}", value.upper())
            try:
                value = datetime.fromisoformat(six_digits.replace("Z", "+00:00"))
            except ValueError:
                raise RemoteProtocolError(f"{self._path}.{name} is no date in ISO form") from None
        if value is None and default is not _REQUIRED:
            return default
        if not isinstance(value, datetime):
            got = type(value).__name__ if name in self._body else "nothing"
            raise RemoteProtocolError(f"{self._path}.{name} is {got}, expected a date")
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
