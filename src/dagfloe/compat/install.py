"""Switches Airflow's names on in this process: its modules can be imported, and its context keys become arguments."""

from __future__ import annotations

import sys

from dagfloe.authoring.parameters import CONTEXT_KEYS

#: The keys of Airflow's context. A parameter of this name gets the value, if a call of the task does not pass one.
AIRFLOW_CONTEXT_KEYS = frozenset(
    {
        "asset_state_store",
        "conn",
        "dag",
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "exception",
        "expanded_ti_count",
        "inlet_events",
        "inlets",
        "logical_date",
        "macros",
        "map_index_template",
        "outlet_events",
        "outlets",
        "params",
        "partition_date",
        "partition_key",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "prev_end_date_success",
        "prev_start_date_success",
        "reason",
        "run_id",
        "task",
        "task_instance",
        "task_instance_key_str",
        "task_reschedule_count",
        "task_state_store",
        "templates_dict",
        "test_mode",
        "ti",
        "triggering_asset_events",
        "try_number",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "var",
    }
)
#: The folder from which the package `airflow` is imported. Nothing else is in it.
FOLDER = f"{__file__.rpartition('/')[0]}/names"


def install() -> None:
    """Make the package `airflow` importable, after every other folder, and name the context's keys.

    A frozen program has the package in its archive, so its module path does not change.
    """
    CONTEXT_KEYS.update(AIRFLOW_CONTEXT_KEYS)
    if not getattr(sys, "frozen", False) and FOLDER not in sys.path:
        sys.path.append(FOLDER)
