"""Airflow's trigger rules, under their older name."""

from dagfloe.compat.states import TriggerRule

__all__ = [
    "TriggerRule",
]
