"""What calls to Airflow raise, loaded with the first of them: every task pays for imports."""

from __future__ import annotations

from dagfloe.errors import DagfloeError, SupervisorError, TaskFailed


class NotFoundError(SupervisorError):
    """Base of the lookups that found nothing."""


class VariableNotFound(NotFoundError):
    """There is no variable with this key."""


class ConnectionNotFound(NotFoundError):
    """There is no connection with this conn_id."""


class XComNotFound(NotFoundError):
    """There is no XCom for this task instance and key."""


class AssetNotFound(NotFoundError):
    """There is no asset with this name or URI, or it is not active."""


class TaskStateNotFound(NotFoundError):
    """The task's state store has no such key."""


class AssetStateNotFound(NotFoundError):
    """The asset's state store has no such key."""


class DagRunAlreadyExists(SupervisorError):
    """A Dag run with this run_id, or for this logical date, is there already."""


class PermissionDenied(SupervisorError):
    """The API server does not let this task do that."""


class ApiServerError(SupervisorError):
    """The API server, or the supervisor on its way to it, failed."""


class DagRunFailed(DagfloeError):
    """A Dag run that was waited for ended in a state that was not hoped for."""


class InactiveAssetError(DagfloeError):
    """An inlet or an outlet of the task is an asset that is not active in Airflow."""


class HumanInputError(DagfloeError):
    """The answer of a human that a task waited for was not valid."""


class HumanInputTimeout(HumanInputError, TimeoutError):
    """No human answered in time, and there are no defaults."""


class SensorTimeout(TaskFailed):
    """What was poked for did not come in time; the task fails without the retries that it has left."""
