"""Airflow's `DAG`."""

from dagfloe.compat.authoring import DAG, dag

__all__ = [
    "DAG",
    "dag",
]
