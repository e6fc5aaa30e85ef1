"""Airflow's context."""

from dagfloe.compat.context import AirflowContext as Context
from dagfloe.compat.context import get_current_context

__all__ = [
    "Context",
    "get_current_context",
]
