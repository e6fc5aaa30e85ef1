"""Merges the params of a Dag with the configuration of a run, as Airflow's own worker does."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: Airflow's setting `[core] dag_run_conf_overrides_params`. A task's process sees it only as this variable.
OVERRIDES_VARIABLE = "AIRFLOW__CORE__DAG_RUN_CONF_OVERRIDES_PARAMS"
_FALSE = ("f", "false", "0")  # as Airflow reads a boolean setting


def merge_params(defaults: Mapping[str, object], conf: Mapping[str, object]) -> dict[str, Any]:
    """Return the values of a run's params. They share no list and no dict with the arguments.

    A key of the conf replaces the default as a whole, also by None and in dicts. Keys that the Dag does not declare as
    params are included. No value is checked: Airflow checks the conf when it creates the run, and the build checks the
    defaults.

    Args:
        defaults: the defaults of the declared params that have one.
        conf: the run's configuration.
    """
    does_override = os.environ.get(OVERRIDES_VARIABLE, "true").strip().lower() not in _FALSE
    merged = {**defaults, **conf} if does_override else defaults
    return {name: _copy(value) for name, value in merged.items()}


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):  # what passes through JSON has no tuples
        return [_copy(item) for item in value]
    return value
