"""Airflow's exceptions, in the hierarchy that they have there, and the outcomes of dagfloe that they stand for.

Author code raises and catches them, so `except AirflowException` catches what it catches in Airflow.
"""

from __future__ import annotations

import enum

from dagfloe.errors import TaskAwaitingInput as DagfloeTaskAwaitingInput
from dagfloe.errors import TaskDeferred as DagfloeTaskDeferred
from dagfloe.errors import TaskFailed, TaskRescheduled, TaskSkipped, TaskTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from typing import Any

#: What Airflow raises in a running task when its `execution_timeout` is over.
AirflowTaskTimeout = TaskTimeout


class AirflowException(Exception):
    """Base of Airflow's errors. A task that raises it has failed, and is retried while tries are left."""

    status_code = 500


class AirflowNotFoundException(AirflowException):
    """Something is not in Airflow, such as a connection."""

    status_code = 404


class AirflowBadRequest(AirflowException):
    """A request is wrong."""

    status_code = 400


class AirflowConfigException(AirflowException):
    """A setting is wrong."""


class AirflowOptionalProviderFeatureException(AirflowException):
    """A provider lacks an optional dependency."""


class AirflowFailException(AirflowException):
    """Fails the task at once, without its remaining retries."""


class AirflowSkipException(AirflowException):
    """Ends the task as skipped."""


class AirflowSensorTimeout(AirflowException):
    """A sensor has waited too long. It fails the task at once, without its remaining retries."""


class AirflowRescheduleException(AirflowException):
    """Runs the task again later, as the same try.

    Args:
        reschedule_date: when to run it again, an aware datetime.
    """

    def __init__(self, reschedule_date: datetime) -> None:
        super().__init__()
        self.reschedule_date = reschedule_date


class AirflowTaskTerminated(BaseException):
    """The task was terminated."""


class AirflowInactiveAssetInInletOrOutletException(AirflowFailException):
    """The task has an inactive asset in its inlets or outlets."""


class DownstreamTasksSkipped(AirflowException):
    """Skips tasks that are downstream of this one.

    Args:
        tasks: one task_id, or several task_ids or pairs of a task_id and a map index.
    """

    def __init__(self, *, tasks: str | list[str | tuple[str, int]]) -> None:
        super().__init__()
        self.tasks = tasks


class ParamValidationError(AirflowException, ValueError):
    """A param does not fit its schema."""


class TaskDeferralError(AirflowException):
    """The trigger of a deferred task failed."""


class TaskDeferralTimeout(AirflowException):
    """The trigger of a deferred task took too long."""


class TaskAwaitingInput(BaseException):
    """Frees the worker until a human answers. In a bundle, `Client.human_input.ask` asks and raises its own outcome.

    Args:
        method_name: the function in which the task resumes, registered with `@task.resume`.
        kwargs: arguments of that function.
        timeout: how long the human may take.
    """

    def __init__(
        self, *, method_name: str, kwargs: Mapping[str, object] | None = None, timeout: timedelta | float | None = None
    ) -> None:
        super().__init__()
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timeout


class TaskNotFound(AirflowException):
    """A task is not in the Dag."""


class XComNotFound(AirflowException):
    """An XCom that a task needs does not exist."""


class TaskDeferred(BaseException):
    """Frees the worker until a trigger fires.

    Args:
        trigger: the trigger; its `serialize` returns the full name of its class and its arguments.
        method_name: the function in which the task resumes, registered with `@task.resume`.
        kwargs: arguments of that function.
        timeout: how long the trigger may take.
    """

    def __init__(
        self,
        *,
        trigger: Any,
        method_name: str,
        kwargs: Mapping[str, object] | None = None,
        timeout: timedelta | float | None = None,
    ) -> None:
        super().__init__()
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timeout


class ErrorType(enum.Enum):
    """The code of an `AirflowRuntimeError`."""

    CONNECTION_NOT_FOUND = "CONNECTION_NOT_FOUND"
    VARIABLE_NOT_FOUND = "VARIABLE_NOT_FOUND"
    XCOM_NOT_FOUND = "XCOM_NOT_FOUND"
    ASSET_NOT_FOUND = "ASSET_NOT_FOUND"
    DAGRUN_ALREADY_EXISTS = "DAGRUN_ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    GENERIC_ERROR = "GENERIC_ERROR"
    API_SERVER_ERROR = "API_SERVER_ERROR"


class ErrorResponse:
    """What Airflow answered instead of a result.

    Args:
        error: the code.
        detail: more about it.
    """

    def __init__(self, error: ErrorType, detail: Mapping[str, object] | None = None) -> None:
        self.error = error
        self.detail = dict(detail or {})


class AirflowRuntimeError(Exception):
    """Airflow answered a request with an error.

    Args:
        error: the answer.
    """

    def __init__(self, error: ErrorResponse) -> None:
        super().__init__(f"{error.error.value}: {error.detail}")
        self.error = error


def find_outcome(error: BaseException) -> BaseException | None:
    """The outcome of dagfloe that an exception of Airflow's stands for; None for any other exception.

    Args:
        error: what the author's code has raised.
    """
    if isinstance(error, AirflowSkipException):
        return TaskSkipped(*error.args)
    if isinstance(error, (AirflowFailException, AirflowSensorTimeout, AirflowTaskTerminated)):
        return TaskFailed(*error.args)
    if isinstance(error, AirflowRescheduleException):
        return TaskRescheduled(error.reschedule_date)
    if isinstance(error, TaskDeferred):
        return _find_deferral(error)
    if isinstance(error, TaskAwaitingInput):
        return DagfloeTaskAwaitingInput(resume=error.method_name, kwargs=error.kwargs, timeout=error.timeout)
    return None


def _find_deferral(error: TaskDeferred) -> BaseException:
    try:
        name, trigger_kwargs = error.trigger.serialize()
    except AttributeError:
        return TaskFailed(
            f"the task deferred to {error.trigger!r}, which has no serialize(): raise dagfloe.TaskDeferred with the "
            "full name of the trigger's class and its arguments instead"
        )
    return DagfloeTaskDeferred(
        name, trigger_kwargs, resume=error.method_name, kwargs=error.kwargs, timeout=error.timeout
    )
