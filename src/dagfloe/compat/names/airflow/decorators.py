"""Airflow's decorators, under their older name."""

from dagfloe.compat.authoring import dag, setup, task, task_group, teardown

__all__ = [
    "dag",
    "setup",
    "task",
    "task_group",
    "teardown",
]
