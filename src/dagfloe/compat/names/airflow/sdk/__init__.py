"""What task functions import from `airflow.sdk`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.authoring.edges import Label
    from dagfloe.authoring.scheduling.params import Param
    from dagfloe.authoring.templates import literal
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
    "literal",
    "macros",
    "setup",
    "task",
    "task_group",
    "teardown",
]
#: The module and the attribute of each name, imported on first use: every task pays for imports.
_LAZY = {
    "Asset": ("dagfloe.model.assets", "Asset"),
    "AssetAlias": ("dagfloe.model.assets", "AssetAlias"),
    "AssetAll": ("dagfloe.model.asset_conditions", "AssetAll"),
    "AssetAny": ("dagfloe.model.asset_conditions", "AssetAny"),
    "BaseHook": ("dagfloe.compat.connections", "BaseHook"),
    "BaseOperator": ("dagfloe.compat.authoring", "BaseOperator"),
    "BaseSensorOperator": ("dagfloe.compat.authoring", "BaseSensorOperator"),
    "Connection": ("dagfloe.compat.connections", "Connection"),
    "Context": ("dagfloe.compat.context", "AirflowContext"),
    "DAG": ("dagfloe.compat.authoring", "DAG"),
    "DagRunState": ("dagfloe.compat.states", "DagRunState"),
    "Label": ("dagfloe.authoring.edges", "Label"),
    "NEVER_EXPIRE": ("dagfloe.client.state_stores", "NEVER_EXPIRE"),
    "Param": ("dagfloe.authoring.scheduling.params", "Param"),
    "TaskGroup": ("dagfloe.compat.authoring", "TaskGroup"),
    "TaskInstance": ("dagfloe.compat.objects.task_instance", "RuntimeTaskInstance"),
    "TaskInstanceState": ("dagfloe.compat.states", "TaskInstanceState"),
    "TriggerRule": ("dagfloe.compat.states", "TriggerRule"),
    "Variable": ("dagfloe.compat.variables", "Variable"),
    "WeightRule": ("dagfloe.compat.states", "WeightRule"),
    "chain": ("dagfloe.compat.authoring", "refuse_order"),
    "chain_linear": ("dagfloe.compat.authoring", "refuse_order"),
    "cross_downstream": ("dagfloe.compat.authoring", "refuse_order"),
    "dag": ("dagfloe.compat.authoring", "dag"),
    "get_current_context": ("dagfloe.compat.context", "get_current_context"),
    "literal": ("dagfloe.authoring.templates", "literal"),
    "macros": ("dagfloe.compat.objects", "macros"),
    "setup": ("dagfloe.compat.authoring", "setup"),
    "task": ("dagfloe.compat.authoring", "task"),
    "task_group": ("dagfloe.compat.authoring", "task_group"),
    "teardown": ("dagfloe.compat.authoring", "teardown"),
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    value = globals()[name] = getattr(__import__(module, fromlist=[attribute]), attribute)
    return value
