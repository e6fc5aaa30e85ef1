"""The exceptions of calls to Airflow, and of the triggers that Airflow runs for a task.

They are apart from `dagfloe.errors` because most tasks never raise one, and defining these classes costs every start of
a task 0.2 ms. The modules that raise them import this module.
"""

from __future__ import annotations

from dagfloe.errors import DagfloeError, SupervisorError, TaskFailed


class NotFoundError(SupervisorError):
    """Base of the errors for something that does not exist."""


class VariableNotFound(NotFoundError):
    """No variable has this key."""


class ConnectionNotFound(NotFoundError):
    """No connection has this conn_id."""


class XComNotFound(NotFoundError):
    """The task instance has no XCom with this key."""


class AssetNotFound(NotFoundError):
    """No active asset has this name or URI."""


class TaskStateNotFound(NotFoundError):
    """The task's state store does not have this key."""


class AssetStateNotFound(NotFoundError):
    """The asset's state store does not have this key."""


class DagRunAlreadyExists(SupervisorError):
    """A Dag run with this run_id or this logical date already exists."""


class PermissionDenied(SupervisorError):
    """The API server does not allow this task to make the request."""


class ApiServerError(SupervisorError):
    """The API server failed, or the supervisor could not reach it."""


class DagRunFailed(DagfloeError):
    """A Dag run that the task waited for failed, or did not end in time."""


class InactiveAssetError(DagfloeError):
    """An inlet or outlet of the task is not active in Airflow."""


class ForeignClassError(DagfloeError):
    """An XCom has an instance of a class that only the task which pushed it has."""


class HumanInputError(DagfloeError):
    """A human's answer is not valid."""


class HumanInputTimeout(HumanInputError, TimeoutError):
    """Nobody answered in time, and the question has no defaults."""


class SensorTimeout(TaskFailed):
    """The condition that `client.poke` waits for did not come true in time. The task fails without further retries."""


class TriggerFailed(DagfloeError):
    """The trigger that a task was deferred to failed. Airflow retries the task while tries are left."""


class TriggerTimeout(TriggerFailed, TimeoutError):
    """The trigger that a task was deferred to did not fire in time."""
