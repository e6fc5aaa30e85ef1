"""Runs a task in this process, with all of the runtime but its sockets and signals."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from dagfloe.authoring.bundle import Bundle
from dagfloe.cancellation import Cancellation
from dagfloe.client import Client
from dagfloe.errors import TaskCancelled
from dagfloe.local.supervise.startup import build_startup_details
from dagfloe.masking import Secrets
from dagfloe.runtime.process.signals import StopSignals, TimeLimit
from dagfloe.runtime.task_runner import TaskRunner
from dagfloe.runtime.wire.messages import read_startup
from dagfloe.testing._memory.capture import MemoryChannel, captured
from dagfloe.testing._memory.transport import MemoryExchange, as_sent
from dagfloe.testing._try import Outcome
from dagfloe.testing.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from dagfloe.authoring.dag import Dag, Task
    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.store.store import Store
    from dagfloe.local.task_run import TaskRun
    from dagfloe.model.context import Context
    from dagfloe.values.dates import Clock

#: For a timer that should have gone off meanwhile; 0 would turn it off.
_SOON_S = 0.001


class OneDag(Bundle):
    """A bundle of one Dag that another bundle has."""

    def __init__(self, dag: Dag) -> None:
        super().__init__()
        self._dags[dag.dag_id] = dag


class KeptTimer(TimeLimit):
    """A time limit after which a timer that was set before, such as that of pytest-timeout, goes on."""

    def __enter__(self) -> Self:
        """Begin."""
        self._left_s, self._began = signal.getitimer(signal.ITIMER_REAL)[0], time.monotonic()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        """End."""
        super().__exit__()
        if self._left_s:
            passed_s = time.monotonic() - self._began
            signal.setitimer(signal.ITIMER_REAL, max(self._left_s - passed_s, _SOON_S))


def run_in_memory(
    dag: Dag,
    run: TaskRun,
    store: Store,
    *,
    level: str,
    clock: Clock,
    stops_at: Callable[[LogRecord], bool] | None,
    on_request: Callable[[Mapping[str, Any]], object],
) -> Outcome:
    """Run one try.

    Args:
        dag: where the task is registered.
        run: what to run.
        store: answers its requests.
        level: the lowest level that is logged.
        clock: gives the time that dagfloe reads.
        stops_at: says of each record whether the task is told to stop then.
        on_request: called with every request.

    Raises:
        MisuseError: when it is to be stopped, and this is not the main thread.
        BaseException: `KeyboardInterrupt` and what pytest ends a test with pass through the task.
    """
    needs_signals = stops_at is not None or dag.tasks[run.task_id].execution_timeout_s is not None
    if needs_signals and threading.current_thread() is not threading.main_thread():
        raise MisuseError(
            "a task that is stopped, or has an execution_timeout, runs on the main thread only: run it there, or over "
            "sockets"
        )
    secrets, cancellation, requests = Secrets(), Cancellation(), list[Any]()

    def take(body: dict[str, Any]) -> None:
        requests.append(body)
        on_request(body)

    with nullcontext() if stops_at is None else StopSignals(cancellation) as signals:

        def look(record: LogRecord) -> None:
            if stops_at is not None and signals is not None and not cancellation.cancelled and stops_at(record):
                signals.stop_main_thread("SIGTERM")

        channel = MemoryChannel(cancellation, secrets, store.mask, look)
        exchange = MemoryExchange(store, run, take)
        bundle = OneDag(dag)
        startup = read_startup(as_sent(build_startup_details(run, clock())), cancellation, run.schema_version)
        client = Client(exchange, startup.context, secrets, bundle, clock)
        with captured(channel, level) as handler:
            terminal = TaskRunner(bundle, startup, client, secrets, KeptTimer).run()
            if "end_date" in terminal:
                terminal["end_date"] = clock()
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
    task: Task | None, run: TaskRun, store: Store, on_request: Callable[[Any], object], clock: Clock
) -> tuple[Client, Context]:
    """A client that a store answers, and its context, for code that is called without a running task."""
    context = read_startup(as_sent(build_startup_details(run, clock())), Cancellation(), run.schema_version).context
    exchange = MemoryExchange(store, run, on_request)
    return Client(exchange, context, Secrets(), None if task is None else OneDag(task.dag), clock), context
