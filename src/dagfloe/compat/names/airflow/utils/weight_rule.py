"""Airflow's weight rules, under their older name."""

from dagfloe.compat.states import ShownWeightRule as WeightRule

__all__ = [
    "WeightRule",
]
