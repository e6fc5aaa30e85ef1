"""Airflow's `Connection`, under its older name."""

from dagfloe.compat.connections import Connection

__all__ = [
    "Connection",
]
