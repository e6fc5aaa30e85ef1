"""Airflow's types, for annotations."""

from dagfloe.compat.objects.dag_run import DagRun as DagRunProtocol
from dagfloe.compat.objects.task_instance import RuntimeTaskInstance as RuntimeTaskInstanceProtocol

__all__ = [
    "DagRunProtocol",
    "RuntimeTaskInstanceProtocol",
]
