"""What a task asks of Airflow through the supervisor: groups of calls, and short forms of the most used ones.

Each group is in a module of its own, and is imported when it is first used: every task pays for imports.
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
        """A property that is made once, even if several threads are the first to ask for it."""

        def __init__(self, make: Callable[[Client], object]) -> None:
            self._make = make
            self.__doc__ = make.__doc__

        def __get__(self, client: Client | None, _owner: type) -> object:
            return self if client is None else vars(client).setdefault(self._make.__name__, self._make(client))


#: For how long `poke` waits at most, as Airflow's sensors do: a week.
DEFAULT_POKE_TIMEOUT_S = 7 * 24 * 3600.0


class Client:
    """The running task's access to Airflow. Annotate a parameter with it to have it passed.

    All methods may be called from any thread. Beside what they document, all raise `PermissionDenied`, `ApiServerError`
    or another `SupervisorError` when Airflow refuses, `ReplyTimeoutError` when it does not answer in time, and
    `ConnectionLostError` when the supervisor is gone.

    Args:
        transport: carries the requests.
        context: the running task's context.
        secrets: what is masked in the log.
        bundle: where the running task is registered, if it is known.
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
        """How many seconds a call waits for its answer at most. Set it to change it for the calls that follow."""
        return self._exchange.transport.reply_timeout_s

    @reply_timeout_s.setter
    def reply_timeout_s(self, seconds: float) -> None:
        self._exchange.transport.reply_timeout_s = seconds

    # Groups

    @_group
    def variables(self) -> Variables:
        """Variables: read, write, delete, list."""
        from dagfloe.client.variables import Variables  # noqa: PLC0415

        return Variables(self._exchange)

    @_group
    def connections(self) -> Connections:
        """Connections: read."""
        from dagfloe.client.connections import Connections  # noqa: PLC0415

        return Connections(self._exchange)

    @_group
    def xcom(self) -> XComs:
        """XComs: read, write, delete, of any task."""
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
        """Assets and their events: read."""
        from dagfloe.client.assets import Assets  # noqa: PLC0415

        return Assets(self._exchange)

    @_group
    def outlet_events(self) -> OutletEvents:
        """What is told of this task's outlets when it has succeeded: `client.outlet_events[asset].extra`."""
        from dagfloe.client.assets import OutletEvents  # noqa: PLC0415

        return OutletEvents(self._exchange)

    @_group
    def dag_runs(self) -> DagRuns:
        """Dag runs: read, trigger, wait for."""
        from dagfloe.client.dag_runs import DagRuns  # noqa: PLC0415

        return DagRuns(self._exchange)

    @_group
    def dags(self) -> Dags:
        """Dags: read."""
        from dagfloe.client.dag_runs import Dags  # noqa: PLC0415

        return Dags(self._exchange)

    @_group
    def task_instances(self) -> TaskInstances:
        """Task instances: read; skip those downstream; say how this one is shown."""
        from dagfloe.client.task_instances import TaskInstances  # noqa: PLC0415

        return TaskInstances(self._exchange)

    @_group
    def human_input(self) -> HumanInput:
        """Questions to a human."""
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
        """Read an XCom: short for `client.xcom.get`, which says what `place` may hold."""
        return self.xcom.get(task_id, key, default, **place)

    def set_xcom(self, key: str, value: Any) -> None:
        """Push an XCom of this task instance: short for `client.xcom.set`."""
        self.xcom.set(key, value)

    def delete_xcom(self, key: str) -> None:
        """Delete an XCom of this task instance: short for `client.xcom.delete`."""
        self.xcom.delete(key)

    # Secrets

    def mask_secret(self, value: Any, name: str | None = None) -> None:
        """Show a text as `***` in the task's log from now on, here and in the supervisor.

        Args:
            value: the secret text, or a list or map of them.
            name: its name, if that matters to Airflow's masking rules.

        Raises:
            ValueNotSerializableError: when the value has no JSON form.
        """
        from dagfloe.values.jsonable import check_jsonable  # noqa: PLC0415

        self._exchange.secrets.add(value)
        check_jsonable(value)
        body: MaskSecret = {"type": "MaskSecret", "value": value, "name": name}
        self._exchange.send(body)

    # What a task may do with the tasks after it, and with its own time

    def branch(self, *task_ids: str, among: Iterable[str] | None = None) -> None:
        """Go on with some of the tasks right after this one, and skip the others.

        A task that is also reached from a followed one is not skipped.

        Args:
            task_ids: the tasks to go on with; none skips them all.
            among: the tasks to choose from; by default those that the bundle declares after this one.

        Raises:
            DagfloeError: when a task is neither among them nor in the Dag, or the bundle does not declare what comes
                after this task.
        """
        from dagfloe.client.branching import skipped_by_branch  # noqa: PLC0415

        self._skip(skipped_by_branch(self._exchange, task_ids, among))

    def short_circuit(self, *, ignore_trigger_rules: bool = True) -> None:
        """Skip what comes after this task.

        Args:
            ignore_trigger_rules: whether all tasks after this one are skipped, near and far, or only those right after
                it, so that the others follow their trigger rules.

        Raises:
            DagfloeError: when the bundle does not declare what comes after this task.
        """
        from dagfloe.client.branching import skipped_by_short_circuit  # noqa: PLC0415

        self._skip(skipped_by_short_circuit(self._exchange, ignore_trigger_rules=ignore_trigger_rules))

    def poke(
        self,
        check: Callable[[], Any],
        *,
        interval: timedelta | float = 60.0,
        timeout: timedelta | float = DEFAULT_POKE_TIMEOUT_S,
        mode: str = "reschedule",
        soft_fail: bool = False,
    ) -> Any:
        """Wait for something outside, as Airflow's sensors do.

        Args:
            check: looks whether it is there; it is, when this returns something true.
            interval: between two looks, as a timedelta or in seconds.
            timeout: since the first look of this try, as a timedelta or in seconds.
            mode: `reschedule` gives the worker free between two looks, and runs the whole task again for each;
                `poke` keeps the worker and sleeps.
            soft_fail: whether the task is skipped when the time is over, instead of failing.

        Returns:
            What `check` returned.

        Raises:
            TaskRescheduled: in mode `reschedule`, when it is not there yet: let it pass.
            SensorTimeout: when the time is over; TaskSkipped with `soft_fail`.
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
