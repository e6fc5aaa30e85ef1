"""Merges the params of a Dag with the configuration of a run, and checks them, as Airflow's own worker does."""

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
    params are included. No value is checked.

    Args:
        defaults: the defaults of the declared params that have one.
        conf: the run's configuration.
    """
    return {name: _copy(value) for name, value in _merge(defaults, conf).items()}


def find_param_problem(
    defaults: Mapping[str, object], schemas: Mapping[str, Mapping[str, Any]], conf: Mapping[str, object]
) -> str | None:
    """Return why the params of a run are not valid, or None if they are. The text shows no value.

    Airflow checks the conf when it creates a run. Its own worker checks all params again before each task: the Dag may
    have other params by then.

    Args:
        defaults: the defaults of the declared params that have one.
        schemas: the params that are declared with `Param`, each with its `schema`.
        conf: the run's configuration.
    """
    values = _merge(defaults, conf)
    for name, param in schemas.items():
        if name not in values:
            return f"param {name!r} has no default, and the conf of the run has no value for it"
        if schema := param["schema"]:
            from dagfloe.values.json_schema import find_problem  # noqa: PLC0415 - few params have a schema

            if problem := find_problem(_copy(values[name]), schema):
                return f"param {name!r}: {problem}"
    return None


def _merge(defaults: Mapping[str, object], conf: Mapping[str, object]) -> Mapping[str, object]:
    does_override = os.environ.get(OVERRIDES_VARIABLE, "true").strip().lower() not in _FALSE
    return {**defaults, **conf} if does_override else defaults


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):  # what passes through JSON has no tuples
        return [_copy(item) for item in value]
    return value
