"""The states of Airflow, under their older name."""

from dagfloe.compat.states import DagRunState, TaskInstanceState

__all__ = [
    "DagRunState",
    "TaskInstanceState",
]
