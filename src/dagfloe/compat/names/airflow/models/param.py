"""Airflow's `Param`, under its older name."""

from dagfloe.authoring.scheduling.params import Param

__all__ = [
    "Param",
]
