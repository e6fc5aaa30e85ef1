"""What an Airflow deployment would know, in memory, and the answers that the supervisor gives from it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RETURN_VALUE
from dagfloe.local.store.asset_records import AssetRecord
from dagfloe.local.store.assets import AssetStore
from dagfloe.local.store.dag_runs import RunStore
from dagfloe.local.store.replies import Refused, Reply, invalid
from dagfloe.local.store.state_stores import StateStore
from dagfloe.local.store.task_instances import InstanceStore
from dagfloe.local.store.variables import VariableStore
from dagfloe.local.store.xcoms import XComKey, XComStore
from dagfloe.runtime.wire.requests import TERMINAL_STATES
from dagfloe.values.dates import utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.local.store.replies import Serve
    from dagfloe.local.store.run_records import DagRecord, DagRunRecord, TaskInstanceRecord
    from dagfloe.local.task_run import TaskRun
    from dagfloe.model.connection import Connection
    from dagfloe.values.dates import Clock

__all__ = ["Reply", "Store", "XComKey"]


class Store:
    """Everything that tasks can ask for. One store serves all tasks of a run; several threads may use it.

    Args:
        clock: gives the dates of the records that it makes.

    Attributes:
        secrets: what is masked in log records.
        variables: values by key.
        connections: connections by conn_id.
        xcoms: values by place, in the order of writing.
        rendered_fields: what the tasks sent as their rendered fields, by the task instance's id.
        rendered_map_indexes: likewise their rendered map indexes.
        questions: what humans are asked (`CreateHITLDetailPayload`), by the task instance's id.
        skipped: what tasks skipped (`SkipDownstreamTasks`), task_ids or pairs of one and a map index, in order, by
            dag_id and run_id.
        runs: the Dag runs, those that tasks triggered among them, by dag_id and run_id.
        assets: assets, asset aliases and asset events.
        parts: the stores by noun.
        lock: held while something is read or changed.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self.lock = threading.RLock()
        self.parts = Parts(clock)
        self.secrets = self.parts.variables.secrets
        self.variables = self.parts.variables.variables
        self.connections = self.parts.variables.connections
        self.xcoms = self.parts.xcoms.xcoms
        self.rendered_fields = self.parts.instances.rendered_fields
        self.rendered_map_indexes = self.parts.instances.rendered_map_indexes
        self.questions = self.parts.instances.questions
        self.skipped = self.parts.instances.skipped
        self.runs = self.parts.runs.runs
        self.assets = self.parts.assets
        self._served = self.parts.served()

    def __repr__(self) -> str:
        counts = f"{len(self.variables)} variables, {len(self.connections)} connections, {len(self.xcoms)} XComs"
        return f"Store({counts})"

    def set_variable(self, key: str, value: str | None) -> None:
        """Write a variable. A telling key makes its value a secret."""
        with self.lock:
            self.parts.variables.set_variable(key, value)

    def add_connection(self, connection: Connection) -> None:
        """Add a connection. Its password and the secret parts of its extra are secrets."""
        with self.lock:
            self.parts.variables.add_connection(connection)

    def add_environment(self, variables: Mapping[str, str], connections: Mapping[str, Connection]) -> None:
        """Add variables and connections of the environment, whose names are in capitals and found in any case."""
        with self.lock:
            self.parts.variables.add_environment(variables, connections)

    def add_asset(
        self,
        name: str,
        uri: str | None = None,
        *,
        group: str = "asset",
        extra: Mapping[str, Any] | None = None,
        aliases: Sequence[str] = (),
    ) -> None:
        """Add an asset, or replace it.

        Args:
            name: its name.
            uri: its URI; the name where it has none of its own.
            group: its group.
            extra: what is noted with it.
            aliases: the names of asset aliases that stand for it.
        """
        with self.lock:
            self.assets.add(AssetRecord(name=name, uri=uri or name, group=group, extra=extra or {}), aliases)

    def save_dag(self, record: DagRecord) -> None:
        """Add a Dag, or replace it."""
        with self.lock:
            self.parts.runs.dags[record.dag_id] = record

    def save_run(self, record: DagRunRecord) -> None:
        """Add a Dag run, or replace it."""
        with self.lock:
            self.parts.runs.save(record)

    def save_task_instance(self, record: TaskInstanceRecord) -> None:
        """Add a task instance, or replace it."""
        with self.lock:
            self.parts.instances.save(record)

    def return_value(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """The XCom `return_value` of a task instance; None when there is none."""
        return self.xcoms.get(XComKey(dag_id, run_id, task_id, map_index, RETURN_VALUE))

    def answer(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """The reply to a request.

        Args:
            body: a body for which `requests.find_problem` finds nothing.
            task: the task instance that asks.

        Returns:
            The reply; for a request that the task supervisor does not serve, its error for those.
        """
        kind = body["type"]
        with self.lock:
            self.parts.runs.meet(task)
            self.parts.instances.meet(task)
            serve = self._end if kind in TERMINAL_STATES else self._served.get(kind, _unhandled)
            try:
                return serve(body, task)
            except Refused as refusal:
                return refusal.reply

    def _end(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        if body["type"] == "SucceedTask":
            for name in ("task_outlets", "outlet_events"):
                if body.get(name) is None:  # the supervisor hands it on as null
                    raise invalid("body", name, "expected a list")
            self.assets.succeed(body, task, self.runs[task.dag_id, task.run_id].partition_key)
        elif body["type"] == "RescheduleTask":
            self.parts.instances.reschedule(task)
        return Reply()


class Parts:
    """The stores by noun, which know each other."""

    def __init__(self, clock: Clock) -> None:
        self.variables = VariableStore()
        self.runs = RunStore(clock)
        self.instances = InstanceStore(self.runs, clock)
        self.xcoms = XComStore(self.runs)
        self.assets = AssetStore(clock)
        self.states = StateStore(self.assets)

    def served(self) -> dict[str, Serve]:
        """What is answered, by the request's type."""
        parts = (self.variables, self.runs, self.instances, self.xcoms, self.assets, self.states)
        return {kind: serve for part in parts for kind, serve in part.served().items()}


def _unhandled(_body: Mapping[str, Any], _task: TaskRun) -> Reply:
    raise Refused({"status_code": 400, "message": "Unhandled request"})
