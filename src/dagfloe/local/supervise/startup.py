"""The first frame that a task gets: `StartupDetails`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RUNNING

if TYPE_CHECKING:
    from datetime import datetime

    from dagfloe.local.task_run import TaskRun


def build_startup_details(task: TaskRun, now: datetime) -> dict[str, Any]:
    """Return the body of the first frame (`StartupDetails`); its datetimes are aware.

    Args:
        task: the task instance to run.
        now: its start date, unless `task.ti_context` has another one.
    """
    dag_run = {
        "clear_number": 0,
        "conf": dict(task.conf),
        "consumed_asset_events": [],
        "dag_id": task.dag_id,
        "data_interval_end": task.logical_date,
        "data_interval_start": task.logical_date,
        "end_date": None,
        "logical_date": task.logical_date,
        "note": None,
        "partition_date": None,
        "partition_key": None,
        "run_after": task.logical_date or now,
        "run_id": task.run_id,
        "run_type": "manual",
        "start_date": now,
        "state": RUNNING,
        "team_name": None,
        "triggering_user_name": None,
    }
    return {
        "type": "StartupDetails",
        "ti": {
            "context_carrier": None,
            "dag_id": task.dag_id,
            "dag_version_id": str(uuid.uuid5(uuid.NAMESPACE_OID, task.dag_id)),
            "hostname": None,
            "id": task.ti_id,
            "map_index": task.map_index,
            "queue": task.queue,
            "run_id": task.run_id,
            "task_id": task.task_id,
            "try_number": task.try_number,
        },
        "dag_rel_path": f"{task.dag_id}.py",
        "bundle_info": {"name": task.bundle_name, "version": task.bundle_version},
        "start_date": task.ti_context.get("start_date") or now,
        "ti_context": {
            "connections": [],
            "dag_run": dag_run,
            "max_tries": task.max_tries,
            "next_kwargs": None,
            "next_method": None,
            "should_retry": task.should_retry,
            "start_date": None,
            "task_reschedule_count": 0,
            "variables": [],
            "xcom_keys_to_clear": [],
            **task.ti_context,
        },
        "sentry_integration": "",
    }
