"""Airflow's `EmptyOperator`, under its older name."""

from dagfloe.compat.authoring import EmptyOperator

__all__ = [
    "EmptyOperator",
]
