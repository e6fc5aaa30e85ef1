"""`StartupDetails`, the first frame to a task."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dagfloe.cancellation import Cancellation
from dagfloe.local.supervise.startup import build_startup_details
from dagfloe.local.task_run import TaskRun
from dagfloe.runtime.wire.messages import read_startup

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas/supervisor-2026-06-16.json").read_text())
WHEN = datetime(2026, 1, 2, tzinfo=timezone.utc)


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=lambda when: when.isoformat()))


@pytest.mark.parametrize(
    "task",
    [
        TaskRun(dag_id="d", task_id="t", run_id="r"),
        TaskRun(
            dag_id="d",
            task_id="t",
            run_id="r",
            try_number=2,
            map_index=3,
            max_tries=4,
            should_retry=True,
            conf={"a": [1]},
            logical_date=WHEN,
            bundle_name="b",
            bundle_version="v",
            ti_context={"xcom_keys_to_clear": ["k"], "start_date": WHEN},
        ),
    ],
)
def test_startup(task: TaskRun) -> None:
    """StartupDetails follows the schema in every field, and the runtime reads every value back from it."""
    details = build_startup_details(task, WHEN)
    schema = {"$ref": "#/$defs/StartupDetails", "$defs": SCHEMA["$defs"]}
    jsonschema.validate(plain(details), schema, format_checker=jsonschema.FormatChecker())
    for part, name in ((details["ti"], "TaskInstance"), (details["ti_context"], "TIRunContext")):
        assert set(part) == set(SCHEMA["$defs"][name]["properties"])
    assert set(details["ti_context"]["dag_run"]) == set(SCHEMA["$defs"]["DagRun"]["properties"])
    context = read_startup(details, Cancellation()).context
    assert (context.task_id, context.try_number, context.map_index) == ("t", task.try_number, task.map_index)
    assert (context.max_tries, context.should_retry) == (task.max_tries, task.should_retry)
    assert (context.logical_date, dict(context.dag_run.conf)) == (task.logical_date, dict(task.conf))
    assert context.bundle_info.version == task.bundle_version
