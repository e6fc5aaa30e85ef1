"""Airflow's trigger rules, under their older name."""

from dagfloe.compat.states import ShownTriggerRule as TriggerRule

__all__ = [
    "TriggerRule",
]
