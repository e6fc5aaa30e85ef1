"""Airflow's names for a task in a bundle. This is not Airflow: it has what task functions use."""

from dagfloe.compat.authoring import DAG
from dagfloe.model.assets import Asset

__all__ = [
    "DAG",
    "Asset",
]
