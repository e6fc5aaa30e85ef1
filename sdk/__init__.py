"""Python tasks for Airflow, frozen into one file.

An author imports everything from here::

    from dagfloe import Bundle, Client

    bundle = Bundle()
    dag = bundle.dag("sales")

    @dag.task
    def extract(client: Client) -> int:
        return int(client.get_variable("row_limit", default="100"))
"""

from __future__ import annotations

from dagfloe.bundle import Bundle, Dag
from dagfloe.client import Client
from dagfloe.context import BundleInfo, Context, DagRun, TaskInstance, current_context
from dagfloe.errors import (
    ApiServerError,
    AssetNotFound,
    AssetStateNotFound,
    ConnectionLostError,
    ConnectionNotFound,
    DagfloeError,
    DagRunAlreadyExists,
    DagRunFailed,
    HumanInputError,
    HumanInputTimeout,
    InactiveAssetError,
    NotFoundError,
    PermissionDenied,
    ReplyTimeoutError,
    SensorTimeout,
    SupervisorError,
    TaskAwaitingInput,
    TaskCancelled,
    TaskDeferred,
    TaskFailed,
    TaskRescheduled,
    TaskSkipped,
    TaskStateNotFound,
    TaskTimeout,
    TriggerFailed,
    TriggerTimeout,
    ValueNotSerializableError,
    VariableNotFound,
    XComNotFound,
)
from dagfloe.task import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe._version import __version__
    from dagfloe.assets import Asset, AssetAlias, AssetEvent
    from dagfloe.connection import Connection
    from dagfloe.human_input import HumanAnswer
    from dagfloe.retry import RetryDecision
    from dagfloe.state_stores import NEVER_EXPIRE

__all__ = [
    "NEVER_EXPIRE",
    "ApiServerError",
    "Asset",
    "AssetAlias",
    "AssetEvent",
    "AssetNotFound",
    "AssetStateNotFound",
    "Bundle",
    "BundleInfo",
    "Client",
    "Connection",
    "ConnectionLostError",
    "ConnectionNotFound",
    "Context",
    "Dag",
    "DagRun",
    "DagRunAlreadyExists",
    "DagRunFailed",
    "DagfloeError",
    "HumanAnswer",
    "HumanInputError",
    "HumanInputTimeout",
    "InactiveAssetError",
    "NotFoundError",
    "PermissionDenied",
    "ReplyTimeoutError",
    "RetryDecision",
    "SensorTimeout",
    "SupervisorError",
    "Task",
    "TaskAwaitingInput",
    "TaskCancelled",
    "TaskDeferred",
    "TaskFailed",
    "TaskInstance",
    "TaskRescheduled",
    "TaskSkipped",
    "TaskStateNotFound",
    "TaskTimeout",
    "TriggerFailed",
    "TriggerTimeout",
    "ValueNotSerializableError",
    "VariableNotFound",
    "XComNotFound",
    "__version__",
    "current_context",
]
#: Public names that are imported when they are first used: every task pays for imports, and few need these.
_LATE = {
    "Asset": "dagfloe.assets",
    "AssetAlias": "dagfloe.assets",
    "AssetEvent": "dagfloe.assets",
    "Connection": "dagfloe.connection",
    "HumanAnswer": "dagfloe.human_input",
    "NEVER_EXPIRE": "dagfloe.state_stores",
    "RetryDecision": "dagfloe.retry",
    "__version__": "dagfloe._version",
}


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(__import__(_LATE[name], fromlist=[name]), name)
    return value
