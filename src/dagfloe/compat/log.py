"""Airflow's masking of secrets."""

from __future__ import annotations

from dagfloe.compat.current import current_session


def mask_secret(secret: object, name: str | None = None) -> None:
    """Show a string as `***` in the task's log from now on.

    Args:
        secret: the string, or a list or dict of strings.
        name: its name.
    """
    current_session("mask_secret").client.mask_secret(secret, name)
