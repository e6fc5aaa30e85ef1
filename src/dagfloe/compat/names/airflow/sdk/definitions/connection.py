"""Airflow's `Connection`."""

from dagfloe.compat.connections import Connection

__all__ = [
    "Connection",
]
