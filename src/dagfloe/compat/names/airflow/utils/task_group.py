"""Airflow's `TaskGroup`, under its older name."""

from dagfloe.compat.authoring import TaskGroup

__all__ = [
    "TaskGroup",
]
