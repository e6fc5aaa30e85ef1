"""Every exception that dagfloe raises. Imports nothing at run time, so that any module may import it.

All can be made from the message alone, which is how `pickle` carries them between processes.

Two trees: `DagfloeError` for what went wrong, and `TaskOutcome` for what an author raises to end a task in a state
other than success. `TaskCancelled` stands apart: it is a `BaseException`, so that `except Exception` in a task does
not swallow a request to stop.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta


class DagfloeError(Exception):
    """Base of every error of dagfloe. The message says what happened, where, and what to do."""


class UsageError(DagfloeError):
    """A command line that cannot be obeyed: exit status 2."""


class BundleError(DagfloeError):
    """The author's bundle cannot be used as it is written."""


class RegistrationError(BundleError):
    """An id, a duplicate or a signature that was refused while a Dag or a task was registered."""


class BindingError(BundleError):
    """A parameter of a task for which there is no value."""


class ValueNotSerializableError(BundleError):
    """A value that has no JSON form, with the path of the bad element inside it.

    Attributes:
        path: where in the value, such as `$.rows[3].when`.
    """

    def __init__(self, message: str, path: str = "$") -> None:
        super().__init__(message)
        self.path = path


class ProtocolError(DagfloeError):
    """Base of the two ways in which frames can be wrong."""


class LocalProtocolError(ProtocolError):
    """We were about to send something that the supervisor would not understand; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The supervisor sent something that the protocol does not allow."""


class ConnectionLostError(DagfloeError):
    """The supervisor is gone: its socket is closed or broken."""


class ReplyTimeoutError(DagfloeError, TimeoutError):
    """The supervisor did not answer a request in time."""


class SupervisorError(DagfloeError):
    """The supervisor answered a request with an error.

    Attributes:
        code: the error code of the `ErrorResponse`, such as `API_SERVER_ERROR`.
        detail: the `detail` map of the `ErrorResponse`, empty when there was none.
    """

    def __init__(self, message: str, code: str = "GENERIC_ERROR", detail: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail or {}


class TaskTimeout(DagfloeError, TimeoutError):
    """The task ran longer than its `execution_timeout`. It is retried while tries are left."""


class TriggerFailed(DagfloeError):
    """The trigger that a task was deferred to failed; it is retried while tries are left."""


class TriggerTimeout(TriggerFailed, TimeoutError):
    """The trigger that a task was deferred to did not fire in time."""


class TaskOutcome(Exception):
    """Base of what an author raises to end a task in a state other than success."""


class TaskSkipped(TaskOutcome):
    """Raise it to end the task as skipped."""


class TaskFailed(TaskOutcome):
    """Raise it to end the task as failed at once, without the retries that it has left."""


class TaskRescheduled(TaskOutcome):
    """Raise it to give the worker free and be run again, as the same try, at a later time.

    Attributes:
        reschedule_date: when, an aware datetime.
    """

    def __init__(self, reschedule_date: datetime) -> None:
        super().__init__(reschedule_date)
        self.reschedule_date = reschedule_date


class TaskDeferred(TaskOutcome):
    """Raise it to give the worker free until a trigger fires.

    The trigger runs in Airflow's triggerer; when it has fired, the task runs again as the same try, in the function
    that `resume` names.

    Args:
        trigger: the full name of the trigger's class, as the triggerer imports it.
        trigger_kwargs: its arguments.
        resume: a function registered with `@task.resume`, or its name; the task's own function when it is left out.
        kwargs: what that function gets by name, beside `event`, which is what the trigger said.
        timeout: how long the trigger may take, as a timedelta or in seconds; for ever when it is left out.
        queue: of the triggerer, where Airflow has several.
    """

    def __init__(
        self,
        trigger: str,
        trigger_kwargs: Mapping[str, object] | None = None,
        *,
        resume: Callable[..., object] | str | None = None,
        kwargs: Mapping[str, object] | None = None,
        timeout: timedelta | float | None = None,
        queue: str | None = None,
    ) -> None:
        super().__init__(trigger)
        self.trigger = trigger
        self.trigger_kwargs = dict(trigger_kwargs or {})
        self.resume = resume
        self.kwargs = dict(kwargs or {})
        self.timeout = timeout
        self.queue = queue


class TaskAwaitingInput(TaskOutcome):
    """Raise it to give the worker free until a human has answered; `client.human_input.ask` asks and raises it.

    Args:
        resume: as for `TaskDeferred`; the answer comes as `event`.
        kwargs: what that function gets by name, beside `event`.
        timeout: how long the human may take, as a timedelta or in seconds; for ever when it is left out.
    """

    def __init__(
        self,
        *,
        resume: Callable[..., object] | str | None = None,
        kwargs: Mapping[str, object] | None = None,
        timeout: timedelta | float | None = None,
    ) -> None:
        super().__init__()
        self.resume = resume
        self.kwargs = dict(kwargs or {})
        self.timeout = timeout


class TaskCancelled(BaseException):
    """Raised in a running task when it is told to stop (SIGTERM, SIGINT, or a supervisor that vanished).

    Let it pass: clean up in `finally`, or with `Context.on_cancel`.
    """
