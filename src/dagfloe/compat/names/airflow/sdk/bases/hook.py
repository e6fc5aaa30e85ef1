"""Airflow's `BaseHook`."""

from dagfloe.compat.connections import BaseHook

__all__ = [
    "BaseHook",
]
