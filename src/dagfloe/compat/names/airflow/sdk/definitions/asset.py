"""Airflow's assets."""

from dagfloe.model.asset_conditions import AssetAll, AssetAny
from dagfloe.model.assets import Asset, AssetAlias, AssetRef

__all__ = [
    "Asset",
    "AssetAlias",
    "AssetAll",
    "AssetAny",
    "AssetRef",
]
