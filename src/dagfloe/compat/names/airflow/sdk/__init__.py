"""What task functions import from `airflow.sdk`."""

from dagfloe.authoring.edges import Label
from dagfloe.authoring.scheduling.params import Param
from dagfloe.client.state_stores import NEVER_EXPIRE
from dagfloe.compat.authoring import (
    DAG,
    BaseOperator,
    BaseSensorOperator,
    TaskGroup,
    dag,
    setup,
    task,
    task_group,
    teardown,
)
from dagfloe.compat.authoring import refuse_order as chain
from dagfloe.compat.authoring import refuse_order as chain_linear
from dagfloe.compat.authoring import refuse_order as cross_downstream
from dagfloe.compat.connections import BaseHook, Connection
from dagfloe.compat.context import AirflowContext as Context
from dagfloe.compat.context import get_current_context
from dagfloe.compat.objects import macros
from dagfloe.compat.objects.task_instance import RuntimeTaskInstance as TaskInstance
from dagfloe.compat.states import DagRunState, TaskInstanceState, TriggerRule, WeightRule
from dagfloe.compat.variables import Variable
from dagfloe.model.asset_conditions import AssetAll, AssetAny
from dagfloe.model.assets import Asset, AssetAlias

__all__ = [
    "DAG",
    "NEVER_EXPIRE",
    "Asset",
    "AssetAlias",
    "AssetAll",
    "AssetAny",
    "BaseHook",
    "BaseOperator",
    "BaseSensorOperator",
    "Connection",
    "Context",
    "DagRunState",
    "Label",
    "Param",
    "TaskGroup",
    "TaskInstance",
    "TaskInstanceState",
    "TriggerRule",
    "Variable",
    "WeightRule",
    "chain",
    "chain_linear",
    "cross_downstream",
    "dag",
    "get_current_context",
    "macros",
    "setup",
    "task",
    "task_group",
    "teardown",
]
