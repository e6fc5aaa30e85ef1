"""Runs a Dag, several tasks at the same time. Prints nothing: an observer gets all events.

A task instance that runs has a thread, in which `supervisor.run_task` serves it. The threads put their events into
one queue, and the thread that called `run_dag` handles them. `scheduler` decides which task instances run, and
`resumption` how a suspended task instance resumes.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from dagfloe.constants import FAILED, RUNNING, SUCCESS, UP_FOR_RETRY
from dagfloe.local.schedule.dag_result import INTERRUPTED, DagResult
from dagfloe.local.schedule.instances import Instance, Try
from dagfloe.local.schedule.resumption import Resumer
from dagfloe.local.schedule.run_recorder import RunRecorder
from dagfloe.local.schedule.scheduler import Scheduler
from dagfloe.local.stop import Stop
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.local.task_run import TaskRun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagfloe.local.schedule.dag_run_options import DagRunOptions
    from dagfloe.local.schedule.manifest_graph import Graph
    from dagfloe.local.schedule.protocols import Observer, OutcomeSource
    from dagfloe.local.store.store import Store
    from dagfloe.local.supervise.task_result import TaskResult

#: A longer wait is divided: Python's waits have a limit.
_MAX_WAIT_S = 24 * 60 * 60.0


def run_dag(
    command: Sequence[str],
    graph: Graph,
    store: Store,
    observer: Observer,
    outcomes: OutcomeSource,
    options: DagRunOptions,
    stop: Stop | None = None,
) -> DagResult:
    """Run a Dag.

    Args:
        command: the bundle file, or a program with its first arguments.
        graph: the Dag, or the part of it to run.
        store: shared by all tasks; it holds their XComs afterwards.
        observer: gets the events of the run.
        outcomes: knows the outcomes of triggers and of questions to a human.
        options: how to run the Dag.
        stop: when it is set, the running tasks are stopped, and no other task starts.
    """
    with ExitStack() as stack:
        stop = stop or stack.enter_context(Stop())
        return _DagRun(command, graph, store, observer, outcomes, options, stop).run()


class _DagRun:
    def __init__(
        self,
        command: Sequence[str],
        graph: Graph,
        store: Store,
        observer: Observer,
        outcomes: OutcomeSource,
        options: DagRunOptions,
        stop: Stop,
    ) -> None:
        self._command = command
        self._graph = graph
        self._store = store
        self._observer = observer
        self._resumer = Resumer(outcomes, store.questions, options.clock)
        self._options = options
        self._stop = stop
        self._start_date = options.clock()
        self._recorder = RunRecorder(store, graph.dag_id, self._start_date, options)
        self._scheduler = Scheduler(graph, self._recorder.find_length)
        self._events: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._running: set[str] = set()
        self._waiting: dict[float, list[Instance]] = {}

    def run(self) -> DagResult:
        start = time.monotonic()
        self._recorder.save_run(RUNNING)
        self._stop.add_callback(lambda: self._events.put(_do_nothing))
        with ThreadPoolExecutor(self._options.jobs, thread_name_prefix="task") as pool:
            try:
                self._start_ready(pool)
                while self._running or (self._waiting and not self._stop.is_set):
                    self._next_event()()
                    self._start_ready(pool)
            except BaseException:
                self._stop.set()  # so that the pool ends
                raise
        # A task that the stop ended is `failed`, and perhaps it was the last one.
        state = self._scheduler.state
        if self._stop.is_set and not (self._scheduler.is_done and state == SUCCESS):
            state = INTERRUPTED
        self._recorder.save_run(state if state == SUCCESS else FAILED)
        return DagResult(
            graph=self._graph,
            run_id=self._recorder.run_id,
            state=state,
            start_date=self._start_date,
            seconds=time.monotonic() - start,
            jobs=self._options.jobs,
            instances=tuple(self._scheduler.instances),
        )

    def _next_event(self) -> Callable[[], object]:
        """Wait for the next event, or for the end of the shortest wait."""
        nearest = min(self._waiting, default=None)
        with suppress(Empty):
            wait_s = None if nearest is None else min(max(0.0, nearest - time.monotonic()), _MAX_WAIT_S)
            return self._events.get(timeout=wait_s)
        return _do_nothing

    def _start_ready(self, pool: ThreadPoolExecutor) -> None:
        if self._stop.is_set:
            return
        due_times = sorted(due for due in self._waiting if due <= time.monotonic())
        due_instances = [instance for due in due_times for instance in self._waiting.pop(due)]
        queued, skipped = self._scheduler.advance()
        for instance in skipped:
            self._recorder.save_instance(instance)
            self._observer.on_skip(instance)
        for instance in (*due_instances, *queued):
            self._running.add(instance.ti_id)
            self._recorder.save_instance(instance)
            pool.submit(self._run_instance, instance)

    # In a thread of the pool

    def _run_instance(self, instance: Instance) -> None:
        if self._stop.is_set:
            self._events.put(lambda: self._running.discard(instance.ti_id))
            return
        self._events.put(lambda: self._begin(instance))
        try:
            result = run_task(
                self._command,
                self._task_run(instance),
                self._store,
                env=self._options.env,
                on_record=lambda record: self._events.put(lambda: self._observer.on_record(instance, record)),
                stop=self._stop,
                limits=self._options.limits,
                clock=self._options.clock,
            )
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
            self._events.put(lambda error=error: _raise(error))  # type: ignore[misc]
        else:
            self._events.put(lambda: self._end(instance, result))

    def _task_run(self, instance: Instance) -> TaskRun:
        task = instance.task
        is_resumed = "next_method" in instance.resumption
        keys_to_clear = [] if is_resumed else self._recorder.find_xcom_keys(instance)
        return TaskRun(
            dag_id=self._graph.dag_id,
            task_id=task.task_id,
            run_id=self._recorder.run_id,
            try_number=instance.try_number,
            map_index=instance.map_index,
            ti_id=instance.ti_id,
            max_tries=task.retries,
            should_retry=instance.try_number <= task.retries,
            conf=self._options.conf,
            logical_date=self._recorder.logical_date,
            queue=task.queue,
            schema_version=self._options.schema_version,
            ti_context={"xcom_keys_to_clear": keys_to_clear, **instance.resumption},
        )

    # In the thread that waits

    def _begin(self, instance: Instance) -> None:
        now = self._options.clock()
        instance.state = RUNNING
        instance.start_date = instance.start_date or now
        instance.tries.append(Try(try_number=instance.try_number, start_date=now))
        self._recorder.save_instance(instance)
        self._observer.on_start(instance)

    def _end(self, instance: Instance, result: TaskResult) -> None:
        self._running.discard(instance.ti_id)
        state = result.state
        if self._stop.is_set and state == UP_FOR_RETRY:
            state = FAILED
        instance.tries[-1].result, instance.tries[-1].state = result, state
        instance.state = state
        label = self._store.rendered_map_indexes.get(instance.ti_id, instance.rendered_map_index)
        for request in result.requests:
            if request["type"] == "SkipDownstreamTasks":
                self._scheduler.skip(request["tasks"])
            elif request.get("rendered_map_index") is not None:
                label = request["rendered_map_index"]
        instance.rendered_map_index = label
        self._observer.on_end(instance)
        if not instance.is_finished and not self._stop.is_set:
            self._suspend(instance, state, result.terminal or {})
        self._recorder.save_instance(instance)

    def _suspend(self, instance: Instance, state: str, terminal: Mapping[str, Any]) -> None:
        resumption = self._resumer.resume(instance, state, terminal)
        if resumption is None:
            instance.state = FAILED
            self._observer.on_end(instance)
            return
        instance.resumption = dict(resumption.ti_context)
        max_wait_s = self._options.max_wait_s
        wait_s = resumption.after_s if max_wait_s is None else min(resumption.after_s, max_wait_s)
        self._waiting.setdefault(time.monotonic() + wait_s, []).append(instance)
        if wait_s:
            self._observer.on_wait(instance, wait_s, resumption.after_s)


def _do_nothing() -> None:
    """Handle the event that only wakes the thread that waits."""


def _raise(error: BaseException) -> None:
    raise error
