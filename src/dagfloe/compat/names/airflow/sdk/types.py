"""Airflow's types, for annotations."""

from dagfloe.compat.objects.task_instance import RuntimeTaskInstance as RuntimeTaskInstanceProtocol
from dagfloe.model.context import DagRun as DagRunProtocol

__all__ = [
    "DagRunProtocol",
    "RuntimeTaskInstanceProtocol",
]
