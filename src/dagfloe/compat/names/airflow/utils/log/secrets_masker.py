"""Airflow's masking of secrets, under its older name."""

from dagfloe.compat.log import mask_secret

__all__ = [
    "mask_secret",
]
