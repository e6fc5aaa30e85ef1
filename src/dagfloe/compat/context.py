"""Airflow's context of a task: a dict with the keys and values that Airflow's own worker makes."""

from __future__ import annotations

from dagfloe.compat.current import current_session
from dagfloe.compat.objects.dates import to_context_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.authoring.dag import Task
    from dagfloe.client import Client
    from dagfloe.compat.objects.lazy import LazyValue
    from dagfloe.model.context import Context

#: Keys that a run without a logical date does not have.
_DATED = frozenset(
    {
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "logical_date",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
    }
)
#: What to use instead of keys that Airflow 3 does not have, or that a worker does not set.
_ADVICE = {
    "conf": "read a setting from an environment variable of the worker",
    "exception": "only callbacks have it",
    "execution_date": "use 'logical_date'",
    "expanded_ti_count": "count with `client.task_instances.count`",
    "next_ds": "use 'data_interval_end'",
    "next_ds_nodash": "use 'data_interval_end'",
    "next_execution_date": "use 'data_interval_end'",
    "prev_ds": "use 'prev_data_interval_start_success', or compute it from 'logical_date'",
    "prev_ds_nodash": "use 'prev_data_interval_start_success', or compute it from 'logical_date'",
    "prev_execution_date": "use 'prev_data_interval_start_success', or compute it from 'logical_date'",
    "prev_execution_date_success": "use 'prev_data_interval_start_success'",
    "reason": "only callbacks have it",
    "test_mode": "a worker does not set it",
    "tomorrow_ds": "compute it: macros.ds_add(ds, 1)",
    "tomorrow_ds_nodash": "compute it: macros.ds_add(ds, 1)",
    "triggering_dataset_events": "use 'triggering_asset_events'",
    "try_number": "use context['ti'].try_number",
    "yesterday_ds": "compute it: macros.ds_add(ds, -1)",
    "yesterday_ds_nodash": "compute it: macros.ds_add(ds, -1)",
}


class ContextKeyError(KeyError):
    """The context lacks a key. Unlike that of other KeyErrors, its message is not quoted."""

    def __str__(self) -> str:
        return str(self.args[0])


class AirflowContext(dict[str, "Any"]):
    """The context. For a key that it lacks, it raises a KeyError that says what to do."""

    def __missing__(self, key: str) -> object:
        if key == "map_index":
            return self["ti"].map_index
        raise ContextKeyError(describe_missing_key(key))


def describe_missing_key(key: str) -> str:
    """Say why the context lacks a key, and what to do.

    Args:
        key: the key.
    """
    if key in _DATED:
        return (
            f"the context has no {key!r}, because this run has no logical date: use 'run_id', or trigger the Dag with "
            "a logical date"
        )
    if key == "asset_state_store":
        return f"the context has no {key!r}, because the task has no inlets and no outlets: declare the asset"
    advice = _ADVICE.get(key, "its keys are those of Airflow 3")
    return f"the context has no {key!r}: {advice}"


def get_current_context() -> dict[str, Any]:
    """The context of the running task, from anywhere in the call stack.

    Raises:
        RuntimeError: if no task is running.
    """
    return current_session("get_current_context()").context


def build_values(task: Task, context: Context) -> dict[str, Any]:
    """The values of the context that are strings, dates and the like. Most tasks need no others.

    Args:
        task: the task.
        context: dagfloe's context of it.
    """
    run = context.dag_run
    key = f"{task.dag_id}__{task.task_id}__"
    values = {
        "map_index_template": None,
        "params": context.params,
        "partition_date": to_context_date(run.partition_date),
        "partition_key": run.partition_key,
        "run_id": context.run_id,
        "task_instance_key_str": f"{key}{run.run_id}",
        "task_reschedule_count": context.task_reschedule_count,
        "templates_dict": None,
    }
    logical_date: Any = to_context_date(run.logical_date)
    if logical_date is not None:
        ds = logical_date.strftime("%Y-%m-%d")
        ts = logical_date.isoformat()
        values |= {
            "data_interval_end": to_context_date(run.data_interval_end),
            "data_interval_start": to_context_date(run.data_interval_start),
            "ds": ds,
            "ds_nodash": ds.replace("-", ""),
            "logical_date": logical_date,
            "task_instance_key_str": key + ds.replace("-", ""),
            "ts": ts,
            "ts_nodash": logical_date.strftime("%Y%m%dT%H%M%S"),
            "ts_nodash_with_tz": ts.replace("-", "").replace(":", ""),
        }
    return values


def build_context(task: Task, context: Context, client: Client) -> AirflowContext:
    """Make the whole context of a task. Values that need a request are lazy.

    Args:
        task: the task.
        context: dagfloe's context of it.
        client: its client.
    """
    # A task that needs only strings and dates does not pay for these.
    from dagfloe.compat.objects import macros  # noqa: PLC0415
    from dagfloe.compat.objects.accessors import ConnectionAccessor, VariableAccessor  # noqa: PLC0415
    from dagfloe.compat.objects.assets import (  # noqa: PLC0415
        InletEventsAccessors,
        OutletEventAccessors,
        TriggeringAssetEvents,
    )
    from dagfloe.compat.objects.dag_run import DagRun  # noqa: PLC0415
    from dagfloe.compat.objects.operators import DagView, OperatorView  # noqa: PLC0415
    from dagfloe.compat.objects.task_instance import RuntimeTaskInstance  # noqa: PLC0415

    run = context.dag_run
    dag = DagView(task.dag)
    operator = OperatorView(task, dag)
    values = AirflowContext(build_values(task, context))
    ti = RuntimeTaskInstance(operator, context, client, lambda: values)
    values.update(
        dag=dag,
        inlets=operator.inlets,
        outlets=operator.outlets,
        task=operator,
        task_instance=ti,
        ti=ti,
        outlet_events=OutletEventAccessors(client.outlet_events),
        inlet_events=InletEventsAccessors(client, task.inlets),
        macros=macros,
        var={"json": VariableAccessor(deserialize_json=True), "value": VariableAccessor(deserialize_json=False)},
        conn=ConnectionAccessor(),
        task_state_store=client.task_state_store,
        dag_run=DagRun(run),
        triggering_asset_events=TriggeringAssetEvents(run.consumed_asset_events),
        prev_start_date_success=_previous(client, "start_date"),
        prev_end_date_success=_previous(client, "end_date"),
    )
    if task.inlets or task.outlets:
        values["asset_state_store"] = client.asset_state_store
    if run.logical_date is not None:
        values["prev_data_interval_start_success"] = _previous(client, "data_interval_start")
        values["prev_data_interval_end_success"] = _previous(client, "data_interval_end")
    return values


def _previous(client: Client, field: str) -> LazyValue:
    """A date of the last successful run before this one."""
    from dagfloe.compat.objects.lazy import LazyValue  # noqa: PLC0415 - as in `build_context`

    return LazyValue(lambda: to_context_date(getattr(client.dag_runs.previous_successful(), field)))
