"""A scenario under the embedded supervisor."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from dagfloe.local.stop import Stop
from dagfloe.local.supervise.limits import Limits
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.local.task_run import TaskRun
from support.differential.holdings import RUN_ID, filled_store
from support.differential.outcome import ESCALATION_S, LOGICAL_DATE, Outcome, by_source, kind_of, plain, received
from support.schemas import OLD, SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.supervise.task_result import TaskResult
    from support.differential.scenario import Scenario

#: Said by this supervisor only: to the person who stopped it, of what the real one drops without a word, and of what
#: the real one's own exception says.
_NOT_TOLD = (
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
    store = filled_store(scenario.holds, scenario.dag_id)
    with Stop() as stop:

        def see(record: LogRecord) -> None:
            if scenario.stop_on is not None and scenario.stop_on in record.event:
                stop.set()

        result = run_task([str(bundle)], task, store, env=os.environ, on_record=see, stop=stop, limits=limits)
    own = [record.event for record in result.records if record.logger == "supervisor"]
    loss = _loss(result)
    return Outcome(
        loss=loss,
        state=result.state if loss is None else None,
        # Of a task that it lost, the real supervisor tells no status.
        exit_code=result.exit_code if loss is None else None,
        understood=plain([_told_of(body) for body in result.requests]),
        received=received(bundle.with_name("d.py.received")),
        records=by_source([_record(record) for record in result.records if record.logger != "supervisor"]),
        own=[kind_of(event) for event in own if not event.startswith(_NOT_TOLD)],
        xcoms={key.key: value for key, value in store.xcoms.items() if key.task_id == scenario.task_id},
        variables=dict(store.variables),
    )


def _loss(result: TaskResult) -> str | None:
    if result.broken is not None:
        return "lost"
    return "not connected" if "before it had connected" in str(result.error) else None


def _told_of(body: Mapping[str, Any]) -> Any:
    """A body with what is meant by fields that were not sent; of a secret the real supervisor tells the type only."""
    if body["type"] == "MaskSecret":
        return {"type": body["type"]}
    fields = SCHEMAS[OLD]["$defs"][body["type"]]["properties"]
    meant = {name: kind["default"] for name, kind in fields.items() if "default" in kind}
    return json.loads(json.dumps({**meant, **body}, default=str))


def _record(record: LogRecord) -> dict[str, Any]:
    parts = {"timestamp": record.timestamp.isoformat(), "level": record.level, "logger": record.logger}
    return {**parts, "event": record.event, **record.fields}
