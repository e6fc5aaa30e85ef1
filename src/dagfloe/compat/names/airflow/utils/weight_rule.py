"""Airflow's weight rules, under their older name."""

from dagfloe.compat.states import WeightRule

__all__ = [
    "WeightRule",
]
