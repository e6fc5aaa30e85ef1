"""Airflow's `DAG`, under its older name."""

from dagfloe.compat.authoring import DAG

__all__ = [
    "DAG",
]
