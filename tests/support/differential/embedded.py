"""Runs scenarios under the embedded supervisor."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from dagfloe.local.stop import Stop
from dagfloe.local.supervise.limits import Limits
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.local.task_run import TaskRun
from support.differential.initial_data import RUN_ID, filled_store
from support.differential.outcome import ESCALATION_S, LOGICAL_DATE, Outcome, by_source, kind_of, plain, received
from support.schemas import OLD, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.supervise.task_result import TaskResult
    from support.differential.scenario import Scenario

#: Events of this supervisor only. The real supervisor drops these facts, or its own exception contains them.
_ONLY_HERE = (
    "Ending the task: a stop was requested",
    "The comm socket ended after",
    "The task is lost",
    "Ending the task: it did not connect",
)


def run_embedded(scenario: Scenario, bundle: Path) -> Outcome:
    """Run a scenario with `run_task`."""
    task = TaskRun(
        dag_id=scenario.dag_id,
        task_id=scenario.task_id,
        run_id=RUN_ID,
        bundle_name="bundles",
        logical_date=LOGICAL_DATE,
        **scenario.task,
    )
    limits = Limits(
        startup_s=scenario.startup_s,
        overtime_s=scenario.overtime_s,
        cleanup_s=scenario.cleanup_s,
        escalation_s=ESCALATION_S,
    )
    store = filled_store(scenario.data, scenario.dag_id)
    with Stop() as stop:

        def stop_at(record: LogRecord) -> None:
            if scenario.stop_on is not None and scenario.stop_on in record.event:
                stop.set()

        result = run_task([str(bundle)], task, store, env=os.environ, on_record=stop_at, stop=stop, limits=limits)
    own = [record.event for record in result.records if record.logger == "supervisor"]
    loss = _loss(result)
    return Outcome(
        loss=loss,
        state=result.state if loss is None else None,
        # The real supervisor has no status of a task that it lost.
        exit_code=result.exit_code if loss is None else None,
        understood=plain([_with_defaults(body) for body in result.requests]),
        received=received(bundle.with_name("d.py.received")),
        records=by_source([_record(record) for record in result.records if record.logger != "supervisor"]),
        own=[kind_of(event) for event in own if not event.startswith(_ONLY_HERE)],
        xcoms={key.key: value for key, value in store.xcoms.items() if key.task_id == scenario.task_id},
        variables=dict(store.variables),
    )


def _loss(result: TaskResult) -> str | None:
    if result.broken is not None:
        return "lost"
    return "not connected" if "before it had connected" in str(result.error) else None


def _with_defaults(body: Mapping[str, Any]) -> Any:
    """A body with the defaults of missing fields; for a secret, only the type, as from the real supervisor."""
    if body["type"] == "MaskSecret":
        return {"type": body["type"]}
    fields = SCHEMAS[OLD]["$defs"][body["type"]]["properties"]
    defaults = {name: kind["default"] for name, kind in fields.items() if "default" in kind}
    return json.loads(json.dumps({**defaults, **body}, default=str))


def _record(record: LogRecord) -> dict[str, Any]:
    parts = {"timestamp": record.timestamp.isoformat(), "level": record.level, "logger": record.logger}
    return {**parts, "event": record.event, **record.fields}
