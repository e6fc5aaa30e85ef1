"""Airflow's `TaskGroup`."""

from dagfloe.compat.authoring import TaskGroup

__all__ = [
    "TaskGroup",
]
