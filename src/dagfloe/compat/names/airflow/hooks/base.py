"""Airflow's `BaseHook`, under its older name."""

from dagfloe.compat.connections import BaseHook

__all__ = [
    "BaseHook",
]
