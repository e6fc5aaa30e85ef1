"""Airflow's `Variable`, under its older name."""

from dagfloe.compat.variables import ModelVariable as Variable

__all__ = [
    "Variable",
]
