"""Airflow's `BaseSensorOperator`."""

from dagfloe.compat.authoring import BaseSensorOperator

__all__ = [
    "BaseSensorOperator",
]
