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
    ValueNotSerializableError,
)
from dagfloe.model.context import BundleInfo, Context, DagRun, TaskInstance, current_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe._version import __version__
    from dagfloe.authoring.edges import Label
    from dagfloe.authoring.group import TaskGroup
    from dagfloe.authoring.retry import RetryDecision
    from dagfloe.authoring.scheduling.deadlines import (
        AsyncCallback,
        DeadlineAlert,
        DeadlineReference,
        SyncCallback,
        VariableInterval,
    )
    from dagfloe.authoring.scheduling.params import Param
    from dagfloe.authoring.taskflow.chains import chain, chain_linear, cross_downstream
    from dagfloe.authoring.taskflow.decorators import setup, task, teardown
    from dagfloe.authoring.taskflow.group_function import task_group
    from dagfloe.authoring.taskflow.task_function import TaskFunction
    from dagfloe.authoring.taskflow.trigger_rule import TriggerRule
    from dagfloe.authoring.templates import literal
    from dagfloe.call_errors import (
        ApiServerError,
        AssetNotFound,
        AssetStateNotFound,
        ConnectionNotFound,
        DagRunAlreadyExists,
        DagRunFailed,
        ForeignClassError,
        HumanInputError,
        HumanInputTimeout,
        InactiveAssetError,
        NotFoundError,
        PermissionDenied,
        SensorTimeout,
        TaskStateNotFound,
        TriggerFailed,
        TriggerTimeout,
        VariableNotFound,
        XComNotFound,
    )
    from dagfloe.client.dag_runs import DagInfo, PreviousDagRun
    from dagfloe.client.human_input import HumanAnswer
    from dagfloe.client.state_stores import NEVER_EXPIRE
    from dagfloe.client.task_instances import PreviousTaskInstance
    from dagfloe.client.variables import VariableKeys
    from dagfloe.model.asset_conditions import AssetAll, AssetAny
    from dagfloe.model.assets import Asset, AssetAlias, AssetEvent
    from dagfloe.model.connection import Connection

__all__ = [
    "NEVER_EXPIRE",
    "ApiServerError",
    "Asset",
    "AssetAlias",
    "AssetAll",
    "AssetAny",
    "AssetEvent",
    "AssetNotFound",
    "AssetStateNotFound",
    "AsyncCallback",
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
    "DeadlineAlert",
    "DeadlineReference",
    "ForeignClassError",
    "HumanAnswer",
    "HumanInputError",
    "HumanInputTimeout",
    "InactiveAssetError",
    "Label",
    "NotFoundError",
    "Param",
    "PermissionDenied",
    "PreviousDagRun",
    "PreviousTaskInstance",
    "ReplyTimeoutError",
    "RetryDecision",
    "SensorTimeout",
    "SupervisorError",
    "SyncCallback",
    "Task",
    "TaskAwaitingInput",
    "TaskCancelled",
    "TaskDeferred",
    "TaskFailed",
    "TaskFunction",
    "TaskGroup",
    "TaskInstance",
    "TaskRescheduled",
    "TaskSkipped",
    "TaskStateNotFound",
    "TaskTimeout",
    "TriggerFailed",
    "TriggerRule",
    "TriggerTimeout",
    "ValueNotSerializableError",
    "VariableInterval",
    "VariableKeys",
    "VariableNotFound",
    "XComNotFound",
    "__version__",
    "chain",
    "chain_linear",
    "cross_downstream",
    "current_context",
    "literal",
    "setup",
    "task",
    "task_group",
    "teardown",
]
#: Public names by module, imported on first use: every task pays for imports, and few tasks need these.
_LAZY = {
    "ApiServerError": "dagfloe.call_errors",
    "Asset": "dagfloe.model.assets",
    "AssetAlias": "dagfloe.model.assets",
    "AssetAll": "dagfloe.model.asset_conditions",
    "AssetAny": "dagfloe.model.asset_conditions",
    "AssetEvent": "dagfloe.model.assets",
    "AssetNotFound": "dagfloe.call_errors",
    "AssetStateNotFound": "dagfloe.call_errors",
    "AsyncCallback": "dagfloe.authoring.scheduling.deadlines",
    "Connection": "dagfloe.model.connection",
    "ConnectionNotFound": "dagfloe.call_errors",
    "DagInfo": "dagfloe.client.dag_runs",
    "DagRunAlreadyExists": "dagfloe.call_errors",
    "DagRunFailed": "dagfloe.call_errors",
    "DeadlineAlert": "dagfloe.authoring.scheduling.deadlines",
    "DeadlineReference": "dagfloe.authoring.scheduling.deadlines",
    "HumanAnswer": "dagfloe.client.human_input",
    "ForeignClassError": "dagfloe.call_errors",
    "HumanInputError": "dagfloe.call_errors",
    "HumanInputTimeout": "dagfloe.call_errors",
    "InactiveAssetError": "dagfloe.call_errors",
    "Label": "dagfloe.authoring.edges",
    "NEVER_EXPIRE": "dagfloe.client.state_stores",
    "NotFoundError": "dagfloe.call_errors",
    "Param": "dagfloe.authoring.scheduling.params",
    "literal": "dagfloe.authoring.templates",
    "PermissionDenied": "dagfloe.call_errors",
    "PreviousDagRun": "dagfloe.client.dag_runs",
    "PreviousTaskInstance": "dagfloe.client.task_instances",
    "RetryDecision": "dagfloe.authoring.retry",
    "SensorTimeout": "dagfloe.call_errors",
    "SyncCallback": "dagfloe.authoring.scheduling.deadlines",
    "TaskFunction": "dagfloe.authoring.taskflow.task_function",
    "TaskGroup": "dagfloe.authoring.group",
    "TaskStateNotFound": "dagfloe.call_errors",
    "TriggerFailed": "dagfloe.call_errors",
    "TriggerRule": "dagfloe.authoring.taskflow.trigger_rule",
    "TriggerTimeout": "dagfloe.call_errors",
    "VariableInterval": "dagfloe.authoring.scheduling.deadlines",
    "VariableKeys": "dagfloe.client.variables",
    "VariableNotFound": "dagfloe.call_errors",
    "XComNotFound": "dagfloe.call_errors",
    "__version__": "dagfloe._version",
    "chain": "dagfloe.authoring.taskflow.chains",
    "chain_linear": "dagfloe.authoring.taskflow.chains",
    "cross_downstream": "dagfloe.authoring.taskflow.chains",
    "setup": "dagfloe.authoring.taskflow.decorators",
    "task": "dagfloe.authoring.taskflow.decorators",
    "task_group": "dagfloe.authoring.taskflow.group_function",
    "teardown": "dagfloe.authoring.taskflow.decorators",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(__import__(_LAZY[name], fromlist=[name]), name)
    return value
