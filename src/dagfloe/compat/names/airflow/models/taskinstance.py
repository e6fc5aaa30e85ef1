"""Airflow's task instance, for annotations."""

from dagfloe.compat.objects.task_instance import RuntimeTaskInstance as TaskInstance

__all__ = [
    "TaskInstance",
]
