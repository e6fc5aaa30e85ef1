"""Airflow's `Param`."""

from dagfloe.authoring.scheduling.params import Param

__all__ = [
    "Param",
]
