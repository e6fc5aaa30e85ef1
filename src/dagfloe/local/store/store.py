"""What an Airflow deployment knows, in memory, and the supervisor's replies to requests."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RETURN_VALUE
from dagfloe.local.store.asset_records import AssetRecord
from dagfloe.local.store.assets import AssetStore
from dagfloe.local.store.dag_runs import RunStore
from dagfloe.local.store.replies import Reply, RequestError, validation_error
from dagfloe.local.store.state_stores import StateStore
from dagfloe.local.store.task_instances import InstanceStore
from dagfloe.local.store.variables import VariableStore
from dagfloe.local.store.xcoms import XComKey, XComStore
from dagfloe.runtime.wire.requests import TERMINAL_STATES
from dagfloe.values.dates import utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.local.store.asset_records import AssetEventRecord, AssetKey
    from dagfloe.local.store.dag_runs import RunKey
    from dagfloe.local.store.run_records import DagRecord, DagRunRecord, TaskInstanceRecord
    from dagfloe.local.store.saved_items import SavedItem
    from dagfloe.local.task_run import TaskRun
    from dagfloe.model.connection import Connection
    from dagfloe.values.dates import Clock

__all__ = ["Reply", "Store", "XComKey"]


class Store:
    """Everything that tasks can request. One store serves all tasks of a run; several threads may use it.

    The attributes are live views; change the store through its methods.

    Args:
        clock: gives the dates of the records that the store creates.

    Attributes:
        variables: values by key.
        connections: connections by conn_id.
        xcoms: values by key, in the order in which they were written.
        runs: Dag runs by dag_id and run_id, including those that tasks triggered.
        skipped: the tasks that others skipped (`SkipDownstreamTasks`), in order, by dag_id and run_id: task_ids, or
            pairs of task_id and map index.
        questions: the questions to a human (`CreateHITLDetailPayload`) by ti_id.
        rendered_fields: the rendered fields by ti_id.
        rendered_map_indexes: the rendered map indexes by ti_id.
        assets: assets by name and URI.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self._lock = threading.RLock()
        self._variables = VariableStore()
        self._runs = RunStore(clock)
        self._instances = InstanceStore(self._runs, clock)
        self._xcoms = XComStore(self._runs)
        self._assets = AssetStore(clock)
        parts = (self._variables, self._xcoms, self._assets, StateStore(self._assets), self._runs, self._instances)
        self._parts = parts
        self._handlers = {kind: handler for part in parts for kind, handler in part.handlers().items()}
        self._restorers = {noun: restore for part in parts for noun, restore in part.restorers().items()}
        self.variables: Mapping[str, str | None] = MappingProxyType(self._variables.variables)
        self.connections: Mapping[str, Connection] = MappingProxyType(self._variables.connections)
        self.xcoms: Mapping[XComKey, Any] = MappingProxyType(self._xcoms.xcoms)
        self.runs: Mapping[RunKey, DagRunRecord] = MappingProxyType(self._runs.runs)
        self.skipped: Mapping[RunKey, Sequence[Any]] = MappingProxyType(self._instances.skipped)
        self.questions: Mapping[str, Mapping[str, Any]] = MappingProxyType(self._instances.questions)
        self.rendered_fields: Mapping[str, Mapping[str, Any]] = MappingProxyType(self._instances.rendered_fields)
        self.rendered_map_indexes: Mapping[str, str] = MappingProxyType(self._instances.rendered_map_indexes)
        self.assets: Mapping[AssetKey, AssetRecord] = MappingProxyType(self._assets.assets)

    def __repr__(self) -> str:
        counts = f"{len(self.variables)} variables, {len(self.connections)} connections, {len(self.xcoms)} XComs"
        return f"Store({counts})"

    # Secrets

    def mask(self, text: str) -> str:
        """Return a string with all secrets replaced by `***`."""
        return self._variables.secrets.mask(text)

    # Variables and connections

    def set_variable(self, key: str, value: str | None) -> None:
        """Set a variable. The value is masked if the key says that it is a secret."""
        with self._lock:
            self._variables.set_variable(key, value)

    def delete_variable(self, key: str) -> None:
        """Delete a variable, if there is one."""
        with self._lock:
            self._variables.delete_variable(key)

    def add_connection(self, connection: Connection) -> None:
        """Add a connection. Its password and the secrets of its extra are masked."""
        with self._lock:
            self._variables.add_connection(connection)

    def delete_connection(self, conn_id: str) -> None:
        """Delete a connection, if there is one."""
        with self._lock:
            self._variables.delete_connection(conn_id)

    def add_environment(self, variables: Mapping[str, str], connections: Mapping[str, Connection]) -> None:
        """Add variables and connections of the environment, by names in capitals. A lookup finds them in any case."""
        with self._lock:
            self._variables.add_environment(variables, connections)

    # XComs

    def set_xcom(self, key: XComKey, value: Any) -> None:
        """Set an XCom."""
        with self._lock:
            self._xcoms.set(key, value)

    def find_xcoms(
        self, dag_id: str, run_id: str, task_id: str | None = None, map_index: int | None = None
    ) -> dict[XComKey, Any]:
        """Return the XComs of a Dag run, in the order in which they were written.

        Args:
            dag_id: the Dag's id.
            run_id: the run's id.
            task_id: only those of one task.
            map_index: only those with one map index.
        """
        with self._lock:
            return {
                key: value
                for key, value in self.xcoms.items()
                if (key.dag_id, key.run_id) == (dag_id, run_id)
                and task_id in (None, key.task_id)
                and map_index in (None, key.map_index)
            }

    def return_value(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """Return the XCom `return_value` of a task instance; None if there is no such XCom."""
        return self.xcoms.get(XComKey(dag_id, run_id, task_id, map_index, RETURN_VALUE))

    # Assets

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
            uri: its URI; by default its name.
            group: its group.
            extra: its extra.
            aliases: the names of asset aliases to link it to.
        """
        with self._lock:
            self._assets.add(AssetRecord(name=name, uri=uri or name, group=group, extra=extra or {}), aliases)

    def find_asset(self, name: str | None = None, uri: str | None = None) -> AssetRecord | None:
        """Return the active asset with a name, or else with a URI."""
        with self._lock:
            return self._assets.find(name, uri)

    def add_asset_event(self, event: AssetEventRecord) -> None:
        """Add an event of an asset. The asset is added if it is missing."""
        with self._lock:
            if event.asset not in self.assets:
                self._assets.add(AssetRecord(name=event.asset.name, uri=event.asset.uri))
            self._assets.add_event(event)

    # Dags, Dag runs and task instances

    def save_dag(self, record: DagRecord) -> None:
        """Add a Dag, or replace it."""
        with self._lock:
            self._runs.save_dag(record)

    def save_run(self, record: DagRunRecord) -> None:
        """Add a Dag run, or replace it."""
        with self._lock:
            self._runs.save(record)

    def save_task_instance(self, record: TaskInstanceRecord) -> None:
        """Add a task instance, or replace it."""
        with self._lock:
            self._instances.save(record)

    # What outlives a run

    def saved_items(self) -> list[SavedItem]:
        """Return everything that outlives a run, in the order in which it can be restored."""
        with self._lock:
            return [item for part in self._parts for item in part.saved_items()]

    def restore(self, noun: str, key: list[Any], value: Any) -> None:
        """Put a saved item back.

        Args:
            noun: the kind of item.
            key: its key.
            value: its value, with dates as strings in ISO form.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: if this is not a saved item.
        """
        with self._lock:
            self._restorers[noun](key, value)

    # Requests

    def answer(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        """Answer a request.

        Args:
            body: a body that `requests.find_problem` accepts.
            task: the task instance that sends it.

        Returns:
            The reply. Requests that the supervisor does not handle get its error for them.
        """
        kind = body["type"]
        with self._lock:
            self._runs.ensure(task)
            self._instances.ensure(task)
            handler = self._end if kind in TERMINAL_STATES else self._handlers.get(kind, _refuse)
            try:
                return handler(body, task)
            except RequestError as error:
                return error.reply

    def _end(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        if body["type"] == "SucceedTask":
            for name in ("task_outlets", "outlet_events"):
                if body.get(name) is None:  # the supervisor sends it to the API server as null
                    raise validation_error("body", name, "expected a list")
            self._assets.add_outlet_events(body, task, self.runs[task.dag_id, task.run_id].partition_key)
        elif body["type"] == "RescheduleTask":
            self._instances.reschedule(task)
        return Reply()


def _refuse(_body: Mapping[str, Any], _task: TaskRun) -> Reply:
    raise RequestError({"status_code": 400, "message": "Unhandled request"})
