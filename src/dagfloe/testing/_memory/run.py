"""Runs a task in this process, with the whole runtime except for its sockets."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from dagfloe.cancellation import Cancellation
from dagfloe.client import Client
from dagfloe.errors import TaskCancelled, TaskTimeout
from dagfloe.local.supervise.startup import build_startup_details
from dagfloe.masking import Secrets
from dagfloe.runtime.process.signals import StopSignals, TimeLimit
from dagfloe.runtime.task_runner import TaskRunner
from dagfloe.runtime.wire.messages import read_startup
from dagfloe.testing._memory.capture import MemoryChannel, capture_logs
from dagfloe.testing._memory.transport import MemoryTransport, transfer
from dagfloe.testing._single_dag_bundle import SingleDagBundle
from dagfloe.testing._try import TryOutcome
from dagfloe.testing.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagfloe.authoring.dag import Dag, Task
    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.store.store import Store
    from dagfloe.local.task_run import TaskRun
    from dagfloe.model.context import Context
    from dagfloe.values.dates import Clock


def run_in_memory(
    dag: Dag,
    run: TaskRun,
    store: Store,
    *,
    level: str,
    clock: Clock,
    should_stop: Callable[[LogRecord], bool] | None,
    on_request: Callable[[Mapping[str, Any]], object],
) -> TryOutcome:
    """Run one try.

    Args:
        dag: the Dag of the task.
        run: the task instance.
        store: answers its requests.
        level: the lowest log level.
        clock: gives the present time to dagfloe, but not to the task.
        should_stop: called with every log record; if it returns true, the task is stopped.
        on_request: called with every request.

    Raises:
        MisuseError: if the task needs signals, and this is not the main thread.
        BaseException: `KeyboardInterrupt` and the exceptions with which pytest ends a test.
    """
    needs_signals = should_stop is not None or dag.tasks[run.task_id].execution_timeout_s is not None
    if needs_signals and threading.current_thread() is not threading.main_thread():
        raise MisuseError(
            "a task that is stopped, or has an execution_timeout, runs on the main thread only: run it there, or over "
            "sockets"
        )
    secrets, cancellation, requests = Secrets(), Cancellation(), list[Any]()

    def add_request(body: dict[str, Any]) -> None:
        requests.append(body)
        on_request(body)

    with nullcontext() if should_stop is None else StopSignals(cancellation) as signals:

        def stop_if_matching(record: LogRecord) -> None:
            if should_stop is not None and signals is not None and not cancellation.cancelled and should_stop(record):
                signals.stop_main_thread("SIGTERM")

        channel = MemoryChannel(cancellation, secrets, store.mask, stop_if_matching)
        transport = MemoryTransport(store, run, add_request)
        bundle = SingleDagBundle(dag)
        details = transfer(build_startup_details(run, clock()))
        startup = read_startup(details, cancellation, run.schema_version, bundle.dags)
        client = Client(transport, startup.context, secrets, bundle, clock)
        with capture_logs(channel, level) as handler:
            cancellation.log = handler.log
            runner = TaskRunner(bundle, startup, client, secrets, TimeLimit, handler.log)
            terminal = runner.run()
            if "end_date" in terminal:
                terminal["end_date"] = clock()
            transport.request(terminal)
            sent = requests[-1]
            if (callbacks := runner.find_callbacks()) is not None:
                callbacks()
    exception = handler.exception
    if exception is not None and not isinstance(exception, (Exception, SystemExit, TaskCancelled, TaskTimeout)):
        raise exception
    return TryOutcome(
        state=terminal["state"],
        terminal=sent,
        requests=requests,
        records=channel.records,
        exception=exception,
    )


def make_client(
    task: Task | None, run: TaskRun, store: Store, on_request: Callable[[Any], object], clock: Clock
) -> tuple[Client, Context]:
    """Make a client that a store answers, and its context, for calls without a running task."""
    bundle = None if task is None else SingleDagBundle(task.dag)
    details = transfer(build_startup_details(run, clock()))
    startup = read_startup(details, Cancellation(), run.schema_version, None if bundle is None else bundle.dags)
    transport = MemoryTransport(store, run, on_request)
    return Client(transport, startup.context, Secrets(), bundle, clock), startup.context
