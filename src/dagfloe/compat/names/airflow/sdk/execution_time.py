"""What runs in Airflow's worker."""

from dagfloe.compat.objects import macros

__all__ = [
    "macros",
]
