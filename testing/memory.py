"""Runs a task in this process, with all of the runtime but its sockets and signals."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from dagfloe.bundle import Bundle
from dagfloe.cancellation import Cancellation
from dagfloe.client import Client
from dagfloe.errors import TaskCancelled
from dagfloe.local.task import startup_details
from dagfloe.runtime.messages import read_startup
from dagfloe.runtime.signals import StopSignals, TimeLimit
from dagfloe.runtime.task_runner import TaskRunner
from dagfloe.secrets import Secrets
from dagfloe.testing.capture import MemoryChannel, captured
from dagfloe.testing.clock import frozen
from dagfloe.testing.errors import MisuseError
from dagfloe.testing.exchange import MemoryExchange, as_sent
from dagfloe.testing.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dagfloe.context import Context
    from dagfloe.dag import Dag
    from dagfloe.local.records import LogRecord
    from dagfloe.local.store import Store
    from dagfloe.local.task import TaskRun
    from dagfloe.task import Task


class OneDag(Bundle):
    """A bundle of one Dag that another bundle has."""

    def __init__(self, dag: Dag) -> None:
        super().__init__()
        self._dags[dag.dag_id] = dag


def run_in_memory(
    dag: Dag,
    run: TaskRun,
    store: Store,
    *,
    schema_version: str,
    level: str,
    now: datetime | None,
    stops_at: Callable[[LogRecord], bool] | None,
    on_request: Callable[[Mapping[str, Any]], object],
) -> Outcome:
    """Run one try.

    Args:
        dag: where the task is registered.
        run: what to run.
        store: answers its requests.
        schema_version: the supervisor schema version that the bundle would name.
        level: the lowest level that is logged.
        now: the time that dagfloe reads, if it stands still.
        stops_at: says of each record whether the task is told to stop then.
        on_request: called with every request.

    Raises:
        MisuseError: when it is to be stopped, and this is not the main thread.
        BaseException: `KeyboardInterrupt` and what pytest ends a test with pass through the task.
    """
    if stops_at is not None and threading.current_thread() is not threading.main_thread():
        raise MisuseError("a task can be stopped on the main thread only: run it there, or over sockets")
    secrets, cancellation, requests = Secrets(), Cancellation(), list[Any]()

    def take(body: dict[str, Any]) -> None:
        requests.append(body)
        on_request(body)

    with nullcontext() if stops_at is None else StopSignals(cancellation) as signals:

        def look(record: LogRecord) -> None:
            if stops_at is not None and signals is not None and not cancellation.cancelled and stops_at(record):
                signals.stop_main_thread("SIGTERM")

        channel = MemoryChannel(cancellation, secrets, store.secrets.mask, look)
        exchange = MemoryExchange(store, run, schema_version, take)
        bundle = OneDag(dag)
        startup = read_startup(as_sent(startup_details(run)), cancellation, schema_version)
        client = Client(exchange, startup.context, secrets, bundle)
        with captured(channel, level) as handler, frozen(now):
            terminal = TaskRunner(bundle, startup, client, secrets, TimeLimit).run()
            exchange.request(terminal)
    exception = handler.exception
    if exception is not None and not isinstance(exception, (Exception, SystemExit, TaskCancelled)):
        raise exception
    return Outcome(
        state=terminal["state"],
        terminal=requests[-1],
        requests=requests,
        records=channel.records,
        exception=exception,
    )


def make_client(
    task: Task | None, run: TaskRun, store: Store, schema_version: str, on_request: Callable[[Any], object]
) -> tuple[Client, Context]:
    """A client that a store answers, and its context, for code that is called without a running task."""
    context = read_startup(as_sent(startup_details(run)), Cancellation(), schema_version).context
    exchange = MemoryExchange(store, run, schema_version, on_request)
    return Client(exchange, context, Secrets(), None if task is None else OneDag(task.dag)), context
