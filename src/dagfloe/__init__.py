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

from dagfloe.authoring.bundle import Bundle
from dagfloe.authoring.dag import Dag, Task
from dagfloe.call_errors import (
    ApiServerError,
    AssetNotFound,
    AssetStateNotFound,
    ConnectionNotFound,
    DagRunAlreadyExists,
    DagRunFailed,
    HumanInputError,
    HumanInputTimeout,
    InactiveAssetError,
    NotFoundError,
    PermissionDenied,
    SensorTimeout,
    TaskStateNotFound,
    VariableNotFound,
    XComNotFound,
)
from dagfloe.client import Client
from dagfloe.errors import (
    ConnectionLostError,
    DagfloeError,
    ReplyTimeoutError,
    SupervisorError,
    TaskAwaitingInput,
    TaskCancelled,
    TaskDeferred,
    TaskFailed,
    TaskRescheduled,
    TaskSkipped,
    TaskTimeout,
    TriggerFailed,
    TriggerTimeout,
    ValueNotSerializableError,
)
from dagfloe.model.context import BundleInfo, Context, DagRun, TaskInstance, current_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe._version import __version__
    from dagfloe.authoring.group import TaskGroup
    from dagfloe.authoring.retry import RetryDecision
    from dagfloe.client.dag_runs import DagInfo, PreviousDagRun
    from dagfloe.client.human_input import HumanAnswer
    from dagfloe.client.state_stores import NEVER_EXPIRE
    from dagfloe.client.task_instances import PreviousTaskInstance
    from dagfloe.client.variables import VariableKeys
    from dagfloe.model.assets import Asset, AssetAlias, AssetEvent
    from dagfloe.model.connection import Connection

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
    "DagInfo",
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
    "PreviousDagRun",
    "PreviousTaskInstance",
    "ReplyTimeoutError",
    "RetryDecision",
    "SensorTimeout",
    "SupervisorError",
    "Task",
    "TaskAwaitingInput",
    "TaskCancelled",
    "TaskDeferred",
    "TaskFailed",
    "TaskGroup",
    "TaskInstance",
    "TaskRescheduled",
    "TaskSkipped",
    "TaskStateNotFound",
    "TaskTimeout",
    "TriggerFailed",
    "TriggerTimeout",
    "ValueNotSerializableError",
    "VariableKeys",
    "VariableNotFound",
    "XComNotFound",
    "__version__",
    "current_context",
]
#: Public names by module, imported on first use: every task pays for imports, and few tasks need these.
_LAZY = {
    "Asset": "dagfloe.model.assets",
    "AssetAlias": "dagfloe.model.assets",
    "AssetEvent": "dagfloe.model.assets",
    "Connection": "dagfloe.model.connection",
    "DagInfo": "dagfloe.client.dag_runs",
    "HumanAnswer": "dagfloe.client.human_input",
    "NEVER_EXPIRE": "dagfloe.client.state_stores",
    "PreviousDagRun": "dagfloe.client.dag_runs",
    "PreviousTaskInstance": "dagfloe.client.task_instances",
    "RetryDecision": "dagfloe.authoring.retry",
    "TaskGroup": "dagfloe.authoring.group",
    "VariableKeys": "dagfloe.client.variables",
    "__version__": "dagfloe._version",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(__import__(_LAZY[name], fromlist=[name]), name)
    return value
