"""What task functions import from `airflow.models`."""

from dagfloe.authoring.scheduling.params import Param
from dagfloe.compat.authoring import DAG, BaseOperator
from dagfloe.compat.connections import Connection
from dagfloe.compat.objects.dag_run import DagRun
from dagfloe.compat.objects.task_instance import RuntimeTaskInstance as TaskInstance
from dagfloe.compat.variables import ModelVariable as Variable

__all__ = [
    "DAG",
    "BaseOperator",
    "Connection",
    "DagRun",
    "Param",
    "TaskInstance",
    "Variable",
]
