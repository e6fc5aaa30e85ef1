"""The client: a task's calls to Airflow through the supervisor, in groups, and short forms of the most common calls.

Every group has its own module, which is imported on first use, because every task pays for imports.
"""

from __future__ import annotations

from dagfloe.client._exchange import UNSET, Exchange
from dagfloe.constants import RETURN_VALUE
from dagfloe.masking import Secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta
    from functools import cached_property as _group
    from typing import Any

    from dagfloe.client._exchange import RegisteredBundle, Transport
    from dagfloe.client.assets import Assets, OutletEvents
    from dagfloe.client.connections import Connections
    from dagfloe.client.dag_runs import DagRuns, Dags
    from dagfloe.client.human_input import HumanInput
    from dagfloe.client.state_stores import AssetStateStores, TaskStateStore
    from dagfloe.client.task_instances import TaskInstances
    from dagfloe.client.variables import Variables
    from dagfloe.client.xcoms import XComs
    from dagfloe.messages.v2026_06_16 import MaskSecret
    from dagfloe.model.connection import Connection
    from dagfloe.model.context import Context
    from dagfloe.values.dates import Clock

else:

    class _group:  # noqa: N801 - used as a decorator
        """A property whose value is created once, even if several threads read it first."""

        def __init__(self, create: Callable[[Client], object]) -> None:
            self._create = create
            self.__doc__ = create.__doc__

        def __get__(self, client: Client | None, _owner: type) -> object:
            return self if client is None else vars(client).setdefault(self._create.__name__, self._create(client))


#: How long `poke` waits by default: a week, as Airflow's sensors do.
DEFAULT_POKE_TIMEOUT_S = 7 * 24 * 3600.0


class Client:
    """The running task's access to Airflow. Annotate a parameter with it, and the runtime passes it.

    You can call all methods from any thread. In addition to the errors that they document, all raise
    `PermissionDenied`, `ApiServerError` or another `SupervisorError` if Airflow refuses a request, `ReplyTimeoutError`
    if it does not answer in time, and `ConnectionLostError` if the supervisor is gone.

    Args:
        transport: sends the requests.
        context: the running task's context.
        secrets: the strings to mask in the log.
        bundle: the bundle in which the running task is registered, if known.
        clock: returns the present time, aware; by default the real clock.
    """

    def __init__(
        self,
        transport: Transport,
        context: Context,
        secrets: Secrets | None = None,
        bundle: RegisteredBundle | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._exchange = Exchange(transport, context, secrets if secrets is not None else Secrets(), bundle, clock)

    @property
    def reply_timeout_s(self) -> float:
        """How many seconds a call waits for its reply. A new value holds for the following calls."""
        return self._exchange.transport.reply_timeout_s

    @reply_timeout_s.setter
    def reply_timeout_s(self, seconds: float) -> None:
        self._exchange.transport.reply_timeout_s = seconds

    @property
    def rendered_map_index(self) -> str | None:
        """The label that this try has set with `task_instances.set_rendered_map_index`; None without one."""
        return self._exchange.rendered_map_index

    # Groups

    @_group
    def variables(self) -> Variables:
        """Reads, writes, deletes and lists variables."""
        from dagfloe.client.variables import Variables  # noqa: PLC0415

        return Variables(self._exchange)

    @_group
    def connections(self) -> Connections:
        """Reads connections."""
        from dagfloe.client.connections import Connections  # noqa: PLC0415

        return Connections(self._exchange)

    @_group
    def xcom(self) -> XComs:
        """Reads, writes and deletes XComs of any task."""
        from dagfloe.client.xcoms import XComs  # noqa: PLC0415

        return XComs(self._exchange)

    @_group
    def task_state_store(self) -> TaskStateStore:
        """Small values of this task that outlive a try."""
        from dagfloe.client.state_stores import TaskStateStore  # noqa: PLC0415

        return TaskStateStore(self._exchange)

    @_group
    def asset_state_store(self) -> AssetStateStores:
        """Small values that belong to an asset: `client.asset_state_store[asset]`."""
        from dagfloe.client.state_stores import AssetStateStores  # noqa: PLC0415

        return AssetStateStores(self._exchange)

    @_group
    def assets(self) -> Assets:
        """Reads assets and their events."""
        from dagfloe.client.assets import Assets  # noqa: PLC0415

        return Assets(self._exchange)

    @_group
    def outlet_events(self) -> OutletEvents:
        """The events of this task's outlets, which it emits on success: `client.outlet_events[asset].extra`."""
        from dagfloe.client.assets import OutletEvents  # noqa: PLC0415

        return OutletEvents(self._exchange)

    @_group
    def dag_runs(self) -> DagRuns:
        """Reads, triggers and waits for Dag runs."""
        from dagfloe.client.dag_runs import DagRuns  # noqa: PLC0415

        return DagRuns(self._exchange)

    @_group
    def dags(self) -> Dags:
        """Reads Dags."""
        from dagfloe.client.dag_runs import Dags  # noqa: PLC0415

        return Dags(self._exchange)

    @_group
    def task_instances(self) -> TaskInstances:
        """Reads task instances, skips those downstream, and sets how this one is shown."""
        from dagfloe.client.task_instances import TaskInstances  # noqa: PLC0415

        return TaskInstances(self._exchange)

    @_group
    def human_input(self) -> HumanInput:
        """Asks humans."""
        from dagfloe.client.human_input import HumanInput  # noqa: PLC0415

        return HumanInput(self._exchange)

    # Short forms

    def get_variable(self, key: str, default: Any = UNSET, *, deserialize_json: bool = False) -> Any:
        """Read a variable: short for `client.variables.get`."""
        return self.variables.get(key, default, deserialize_json=deserialize_json)

    def set_variable(
        self, key: str, value: Any, description: str | None = None, *, serialize_json: bool = False
    ) -> None:
        """Write a variable: short for `client.variables.set`."""
        self.variables.set(key, value, description, serialize_json=serialize_json)

    def delete_variable(self, key: str) -> None:
        """Delete a variable: short for `client.variables.delete`."""
        self.variables.delete(key)

    def get_connection(self, conn_id: str) -> Connection:
        """Read a connection: short for `client.connections.get`."""
        return self.connections.get(conn_id)

    def get_xcom(self, task_id: str, key: str = RETURN_VALUE, default: Any = UNSET, **place: Any) -> Any:
        """Read an XCom: short for `client.xcom.get`, which documents the options in `place`."""
        return self.xcom.get(task_id, key, default, **place)

    def set_xcom(self, key: str, value: Any) -> None:
        """Push an XCom of this task instance: short for `client.xcom.set`."""
        self.xcom.set(key, value)

    def delete_xcom(self, key: str) -> None:
        """Delete an XCom of this task instance: short for `client.xcom.delete`."""
        self.xcom.delete(key)

    # Secrets

    def mask_secret(self, value: Any, name: str | None = None) -> None:
        """Show a string as `***` in the task's log from now on, in this process and in the supervisor.

        Args:
            value: the secret string, or a list or dict of secret strings.
            name: the secret's name; Airflow's masking rules may depend on it.

        Raises:
            ValueNotSerializableError: if the value has no JSON form.
        """
        from dagfloe.values.jsonable import check_jsonable  # noqa: PLC0415

        self._exchange.secrets.add(value)
        check_jsonable(value)
        body: MaskSecret = {"type": "MaskSecret", "value": value, "name": name}
        self._exchange.send(body)

    # Skipping tasks, and waiting

    def branch(self, *task_ids: str, among: Iterable[str] | None = None) -> None:
        """Follow some of the tasks right after this one, and skip the others.

        A task that also runs after a followed task is not skipped.

        Args:
            task_ids: the tasks to follow. Without any, all are skipped.
            among: the tasks to choose from; by default the tasks that the bundle declares right after this one.

        Raises:
            DagfloeError: if a task to follow is neither among them nor in the Dag, or the bundle declares no task
                after this one.
        """
        from dagfloe.client.branching import tasks_skipped_by_branch  # noqa: PLC0415

        self._skip(tasks_skipped_by_branch(self._exchange, task_ids, among))

    def short_circuit(self, *, ignore_trigger_rules: bool = True) -> None:
        """Skip the tasks after this one.

        Args:
            ignore_trigger_rules: True to skip all tasks downstream; False to skip only the tasks right after this one,
                so that the others follow their trigger rules.

        Raises:
            DagfloeError: if the bundle declares no task after this one.
        """
        from dagfloe.client.branching import tasks_skipped_by_short_circuit  # noqa: PLC0415

        self._skip(tasks_skipped_by_short_circuit(self._exchange, ignore_trigger_rules=ignore_trigger_rules))

    def poke(
        self,
        check: Callable[[], Any],
        *,
        interval: timedelta | float = 60.0,
        timeout: timedelta | float = DEFAULT_POKE_TIMEOUT_S,
        mode: str = "reschedule",
        soft_fail: bool = False,
    ) -> Any:
        """Wait for a condition, as Airflow's sensors do.

        Args:
            check: a function that returns a true value as soon as the condition holds.
            interval: the time between two checks, as a timedelta or in seconds.
            timeout: how long to wait after the first check of this try, as a timedelta or in seconds.
            mode: `reschedule` frees the worker between two checks, and runs the whole task again for the next check;
                `poke` keeps the worker and sleeps.
            soft_fail: whether a timeout skips the task instead of failing it.

        Returns:
            The value that `check` returned.

        Raises:
            TaskRescheduled: in mode `reschedule`, while the condition does not hold. Do not catch it.
            SensorTimeout: if the condition did not hold in time; with `soft_fail`, TaskSkipped.
        """
        from dagfloe.client.sensor import poke  # noqa: PLC0415

        return poke(
            check,
            self.task_instances.first_reschedule_date,
            self._exchange.now,
            interval=interval,
            timeout=timeout,
            mode=mode,
            soft_fail=soft_fail,
        )

    def _skip(self, task_ids: list[str]) -> None:
        if task_ids:
            index = self._exchange.ti.map_index
            self.task_instances.skip_downstream([(task_id, index) for task_id in task_ids] if index >= 0 else task_ids)
