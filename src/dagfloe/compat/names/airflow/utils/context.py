"""Airflow's context, under its older name."""

from dagfloe.compat.context import AirflowContext as Context

__all__ = [
    "Context",
]
