"""The context of a running task: read-only records from `StartupDetails`, and the current context."""

from __future__ import annotations

from dagfloe.errors import DagfloeError
from dagfloe.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import Any

    from dagfloe.cancellation import Cancellation
    from dagfloe.model.assets import Asset, AssetEvent


class TaskInstance(Record):
    """The running task instance (`StartupDetails.ti`).

    Attributes:
        id: its UUID, as a str.
        dag_id: the Dag's id.
        task_id: the task's id.
        run_id: the Dag run's id.
        try_number: 1 for the first try.
        map_index: -1 if the task is not mapped.
        dag_version_id: the UUID of the Dag's version, as a str.
        hostname: the worker's name, if the supervisor sent it.
        queue: the task's queue.
        context_carrier: the W3C trace context (`traceparent`, `tracestate`) of the task, if any. Every request to the
            supervisor contains it, too.
    """

    id: str
    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = -1
    dag_version_id: str = ""
    hostname: str | None = None
    queue: str = "default"
    context_carrier: Mapping[str, str] | None = None


class DagRun(Record):
    """The Dag run that the task belongs to (`TIRunContext.dag_run`). All datetimes are aware.

    Attributes:
        dag_id: the Dag's id.
        run_id: the run's id.
        run_type: `manual`, `scheduled`, `backfill`, `asset_triggered` or another type of Airflow's.
        state: the run's state when the task started.
        logical_date: the logical date; None for runs without one.
        data_interval_start: start of the data interval, if any.
        data_interval_end: end of the data interval, if any.
        run_after: the earliest time at which the run may start.
        start_date: when the run started, if it has.
        end_date: when the run ended, if it has.
        conf: the run's configuration; `repr` does not show it.
        clear_number: how often the run was cleared.
        triggering_user_name: the user who triggered it, if known.
        partition_key: key of the partition, if any.
        note: the run's note, if any.
        partition_date: date of the partition, if any.
        team_name: the team that the Dag belongs to, if any.
        consumed_asset_events: the asset events that triggered the run.
    """

    _hidden = frozenset({"conf"})

    dag_id: str
    run_id: str
    run_type: str = "manual"
    state: str = "running"
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    run_after: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    conf: Mapping[str, object] = {}
    clear_number: int = 0
    triggering_user_name: str | None = None
    partition_key: str | None = None
    note: str | None = None
    partition_date: datetime | None = None
    team_name: str | None = None
    consumed_asset_events: tuple[AssetEvent, ...] = ()


_REQUIRED = ("run_type", "state", "run_after")


def read_dag_run(body: Mapping[str, object], path: str) -> DagRun:
    """A Dag run from a message.

    Args:
        body: a `DagRun`, or a `DagRunResult`.
        path: its path in the message, for errors.

    Raises:
        RemoteProtocolError: if a field is missing or has another type.
    """
    consumed = body.get("consumed_asset_events")
    events: tuple[AssetEvent, ...] = ()
    if consumed:
        from dagfloe.model.assets import read_asset_events  # noqa: PLC0415 - assets trigger few runs

        events = read_asset_events(consumed, f"{path}.consumed_asset_events")
    return DagRun.read(body, path, *_REQUIRED, consumed_asset_events=events)


class BundleInfo(Record):
    """The Dag bundle that contains the Dag (`StartupDetails.bundle_info`).

    Attributes:
        name: the Dag bundle's name in Airflow's configuration.
        version: its version, for Dag bundles that have versions.
    """

    name: str
    version: str | None = None


class Context(Record):
    """The running task's context. Annotate a parameter with it, or call `current_context()` anywhere.

    Attributes:
        ti: the task instance.
        dag_run: the Dag run.
        bundle_info: the Dag bundle.
        max_tries: how many retries the task has.
        should_retry: whether Airflow retries the task if this try fails.
        start_date: when this task instance first started.
        dag_rel_path: the Dag file's path inside its Dag bundle.
        task_reschedule_count: how often this try was rescheduled.
        first_reschedule_date: when this try was first rescheduled, aware; None before Airflow 3.4.
        default_params: the defaults of the params that the bundle declares for the Dag; use `params` instead.
        exception: the exception with which the task failed, for its `on_failure_callback` and `on_retry_callback`; None
            while it runs, and if it succeeded or was skipped.
        cancellation: implements `cancelled`, `on_cancel` and `shield`; use these instead.
    """

    _hidden = frozenset({"cancellation", "default_params"})

    ti: TaskInstance
    dag_run: DagRun
    bundle_info: BundleInfo
    max_tries: int = 0
    should_retry: bool = False
    start_date: datetime | None = None
    dag_rel_path: str = ""
    task_reschedule_count: int = 0
    first_reschedule_date: datetime | None = None
    default_params: Mapping[str, object] = {}
    exception: BaseException | None = None
    cancellation: Cancellation

    @property
    def dag_id(self) -> str:
        """The Dag's id."""
        return self.ti.dag_id

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self.ti.task_id

    @property
    def run_id(self) -> str:
        """The Dag run's id."""
        return self.ti.run_id

    @property
    def try_number(self) -> int:
        """The number of the try; 1 for the first."""
        return self.ti.try_number

    @property
    def map_index(self) -> int:
        """The map index; -1 if the task is not mapped."""
        return self.ti.map_index

    @property
    def logical_date(self) -> datetime | None:
        """The run's logical date, aware; None if it has none."""
        return self.dag_run.logical_date

    @property
    def params(self) -> dict[str, Any]:
        """The run's params: the defaults that the bundle declares for the Dag, and over them the run's conf.

        Each key of the conf replaces the whole default. Keys that are not params of the Dag are included. A param
        without a default is missing if the conf does not have it.
        """
        params: dict[str, Any] | None = self.__dict__.get("_params")
        if params is None:
            from dagfloe.model.params import merge_params  # noqa: PLC0415 - not all tasks read params

            params = self.__dict__["_params"] = merge_params(self.default_params, self.dag_run.conf)
        return params

    def set_exception(self, exception: BaseException | None) -> None:
        """Set `exception`. The runtime calls this before it runs the callbacks."""
        self.__dict__["exception"] = exception

    @property
    def traceparent(self) -> str | None:
        """The W3C `traceparent` of the task; None if Airflow does not trace it."""
        return (self.ti.context_carrier or {}).get("traceparent")

    @property
    def triggering_asset_events(self) -> dict[Asset, list[AssetEvent]]:
        """The asset events that triggered the run, by asset."""
        events: dict[Asset, list[AssetEvent]] = {}
        for event in self.dag_run.consumed_asset_events:
            events.setdefault(event.asset, []).append(event)
        return events

    @property
    def cancelled(self) -> bool:
        """Whether a stop was requested: by SIGTERM or SIGINT, or because the supervisor disappeared."""
        return self.cancellation.cancelled

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Register a cleanup for a stop, and for the end of the `execution_timeout`.

        Callbacks run on the main thread, in the order of registration, before `TaskCancelled` or `TaskTimeout` is
        raised in the task. They may use the `Client`. If one raises an exception, it is logged, and the next one runs.

        Args:
            callback: called without arguments, at most once.

        Raises:
            DagfloeError: if the callback is asynchronous: a stop cancels a coroutine, which can clean up itself.
        """
        self.cancellation.on_cancel(callback)

    def shield(self) -> AbstractContextManager[None]:
        """A `with` block that no stop interrupts.

        A stop sets `cancelled` at once. Callbacks run, and `TaskCancelled` is raised, at the end of the block. Airflow
        kills a task that takes longer than a few seconds to stop.
        """
        return self.cancellation.shield()


_current: list[Context] = []


def current_context() -> Context:
    """The running task's `Context`, from anywhere in the call stack and from threads that the task started.

    Raises:
        DagfloeError: if no task is running.
    """
    if not _current:
        raise DagfloeError("current_context() was called outside a running task: call it from within a task's function")
    return _current[-1]


class running:  # noqa: N801 - a context manager
    """Make a context the current context of the process during a `with` block."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> None:
        _current.append(self._context)

    def __exit__(self, *_: object) -> None:
        _current.remove(self._context)
