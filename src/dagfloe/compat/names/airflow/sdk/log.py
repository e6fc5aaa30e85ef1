"""Airflow's masking of secrets in logs."""

from dagfloe.compat.log import mask_secret

__all__ = [
    "mask_secret",
]
