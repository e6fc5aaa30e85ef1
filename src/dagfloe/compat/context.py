"""Airflow's context of a task: a dict with the keys and values that Airflow's own worker makes."""

from __future__ import annotations

from dagfloe.compat.current import current_session
from dagfloe.compat.task_instance import RuntimeTaskInstance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.authoring.dag import Task
    from dagfloe.client import Client
    from dagfloe.model.context import Context


class AirflowContext(dict[str, "Any"]):
    """The context. A key that it lacks raises a KeyError that says what to do."""

    def __missing__(self, key: str) -> object:
        raise KeyError(key)


def get_current_context() -> dict[str, Any]:
    """The context of the running task, from anywhere in the call stack.

    Raises:
        RuntimeError: if no task is running.
    """
    return current_session("get_current_context()").context


def build_context(task: Task, context: Context, client: Client) -> AirflowContext:
    """Make the context of a task.

    Args:
        task: the task.
        context: dagfloe's context of it.
        client: its client.
    """
    ti = RuntimeTaskInstance(task, context, client)
    run = context.dag_run
    values = AirflowContext(
        dag=task.dag,
        dag_run=run,
        inlets=list(task.inlets),
        outlets=list(task.outlets),
        params=context.params,
        run_id=context.run_id,
        task=task,
        task_instance=ti,
        ti=ti,
    )
    if run.logical_date is not None:
        ds = run.logical_date.strftime("%Y-%m-%d")
        ts = run.logical_date.isoformat()
        values.update(
            logical_date=run.logical_date,
            ds=ds,
            ds_nodash=ds.replace("-", ""),
            ts=ts,
            ts_nodash=run.logical_date.strftime("%Y%m%dT%H%M%S"),
            ts_nodash_with_tz=ts.replace("-", "").replace(":", ""),
            data_interval_start=run.data_interval_start,
            data_interval_end=run.data_interval_end,
        )
    return values
