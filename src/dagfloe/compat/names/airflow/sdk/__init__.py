"""What task functions import from `airflow.sdk`."""

from dagfloe.compat.connections import BaseHook, Connection
from dagfloe.compat.context import AirflowContext as Context
from dagfloe.compat.context import get_current_context
from dagfloe.compat.variables import Variable
from dagfloe.model.asset_conditions import AssetAll, AssetAny
from dagfloe.model.assets import Asset, AssetAlias

__all__ = [
    "Asset",
    "AssetAlias",
    "AssetAll",
    "AssetAny",
    "BaseHook",
    "Connection",
    "Context",
    "Variable",
    "get_current_context",
]
