"""Airflow's `Variable`."""

from dagfloe.compat.variables import Variable

__all__ = [
    "Variable",
]
