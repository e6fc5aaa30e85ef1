"""The exceptions of dagfloe; those of calls are in `dagfloe.call_errors`. Imports nothing, so any module may import it.

The message alone is enough to create any of them, because `pickle` does so to send an exception to another process.

There are two trees: `DagfloeError` for what went wrong, and `TaskOutcome` for what an author raises to end a task in a
state other than success. `TaskCancelled` is a `BaseException`, so that `except Exception` in a task does not swallow a
request to stop.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta


class DagfloeError(Exception):
    """Base of all errors of dagfloe. The message says what happened, where, and what to do."""


class UsageError(DagfloeError):
    """A command line is wrong: exit status 2."""


# What an author can correct


class BundleError(DagfloeError):
    """The author's bundle has a mistake."""


class RegistrationError(BundleError):
    """A Dag or a task cannot be registered: its id, an option or its function's signature is wrong."""


class BindingError(BundleError):
    """A task's arguments do not fit the parameters of its function."""


class ValueNotSerializableError(BundleError):
    """A value has no JSON form.

    Attributes:
        path: where the bad element is in the value, such as `$.rows[3].when`.
    """

    def __init__(self, message: str, path: str = "$") -> None:
        super().__init__(message)
        self.path = path


# The supervisor and its connection


class ProtocolError(DagfloeError):
    """Base of the errors in frames."""


class LocalProtocolError(ProtocolError):
    """The supervisor would not understand a message; it was not sent."""


class RemoteProtocolError(ProtocolError):
    """The supervisor sent something that the protocol does not allow."""


class ConnectionLostError(DagfloeError):
    """The connection to the supervisor is closed or broken."""


class ReplyTimeoutError(DagfloeError, TimeoutError):
    """The supervisor did not answer a request in time."""


class SupervisorError(DagfloeError):
    """The supervisor answered a request with an error.

    Attributes:
        code: the error code of the `ErrorResponse`, such as `API_SERVER_ERROR`.
        detail: the `detail` of the `ErrorResponse`; empty if there is no detail.
    """

    def __init__(self, message: str, code: str = "GENERIC_ERROR", detail: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail or {}


# What ends a task


class TaskOutcome(Exception):
    """Base of what an author raises to end a task in a state other than success."""


class TaskSkipped(TaskOutcome):
    """Raise it to end the task as skipped."""


class TaskFailed(TaskOutcome):
    """Raise it to fail the task at once, without its remaining retries."""


class TaskRescheduled(TaskOutcome):
    """Raise it to free the worker and run the task again later, as the same try.

    Attributes:
        reschedule_date: when to run it again, an aware datetime.
    """

    def __init__(self, reschedule_date: datetime) -> None:
        super().__init__(reschedule_date)
        self.reschedule_date = reschedule_date


class TaskDeferred(TaskOutcome):
    """Raise it to free the worker until a trigger fires.

    The trigger runs in Airflow's triggerer. When it fires, the task runs again as the same try, in the function that
    `resume` names.

    Args:
        trigger: the full name of the trigger's class, as the triggerer imports it.
        trigger_kwargs: the trigger's arguments.
        resume: a function registered with `@task.resume`, or its name; by default the task's own function.
        kwargs: arguments of that function by name, in addition to `event`, the payload of the trigger's event.
        timeout: how long the trigger may take, as a timedelta or in seconds; unlimited by default.
        queue: the triggerer's queue, if Airflow has several.
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
    """Raise it to free the worker until a human answers. `client.human_input.ask` asks and raises it.

    Args:
        resume: as for `TaskDeferred`; the function gets the answer as `event`.
        kwargs: arguments of that function by name, in addition to `event`.
        timeout: how long the human may take, as a timedelta or in seconds; unlimited by default.
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


class TaskTimeout(BaseException):
    """Raised in a running task when its `execution_timeout` is over. Airflow retries the task while tries are left.

    Like `TaskCancelled`, it is not an `Exception`, so that a loop with `except Exception` does not swallow it. If the
    task goes on, it is raised again, and a task that returns after it has failed.
    """


class TaskCancelled(BaseException):
    """Raised in a running task to stop it: after SIGTERM or SIGINT, or when the supervisor disappears.

    Do not catch it. Clean up in `finally`, or with `Context.on_cancel`.
    """
