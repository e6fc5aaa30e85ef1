"""The states of Airflow, under their older name."""

from dagfloe.compat.states import ShownDagRunState as DagRunState
from dagfloe.compat.states import ShownTaskInstanceState as TaskInstanceState

__all__ = [
    "DagRunState",
    "TaskInstanceState",
]
