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

from dagfloe.constants import FAILED, RUNNING, SKIPPED, SUCCESS, UP_FOR_RETRY
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

_FAIL_FAST = "another task failed, and the Dag has fail_fast"
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
        self._scheduler = Scheduler(graph, self._recorder.find_length, options.mark_success_pattern)
        self._events: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._running: set[str] = set()
        self._waiting: dict[float, list[Instance]] = {}
        #: With fail_fast, every task instance has a stop request of its own.
        self._stops: dict[str, Stop] = {}

    def run(self) -> DagResult:
        start = time.monotonic()
        self._recorder.save_run(RUNNING)
        self._stop.add_callback(lambda: self._events.put(_do_nothing))
        with ExitStack() as stack:
            stack.callback(self._close_stops)
            pool = stack.enter_context(ThreadPoolExecutor(self._options.jobs, thread_name_prefix="task"))
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

    def _close_stops(self) -> None:
        for stop in self._stops.values():
            stop.close()

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
        queued, ended = self._scheduler.advance()
        for instance in ended:
            self._recorder.save_instance(instance)
            self._observer.on_skip(instance)
        for instance in (*due_instances, *queued):
            self._running.add(instance.ti_id)
            if self._graph.is_fail_fast:
                self._stops[instance.ti_id] = self._stop.add_part()
            self._recorder.save_instance(instance)
            pool.submit(self._run_instance, instance)

    # In a thread of the pool

    def _run_instance(self, instance: Instance) -> None:
        stop = self._stops.get(instance.ti_id, self._stop)
        if stop.is_set:
            self._events.put(lambda: self._discard(instance))
            return
        self._events.put(lambda: self._begin(instance))
        try:
            result = run_task(
                self._command,
                self._task_run(instance),
                self._store,
                env=self._options.env,
                on_record=lambda record: self._events.put(lambda: self._observer.on_record(instance, record)),
                stop=stop,
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
        own_stop = self._discard(instance)
        state = result.state
        if self._stop.is_set and state == UP_FOR_RETRY:
            state = FAILED
        elif not self._stop.is_set and own_stop is not None and own_stop.is_set:
            state, instance.note = FAILED, _FAIL_FAST
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
        if instance.state == FAILED and self._graph.is_fail_fast and not self._stop.is_set:
            self._stop_others(instance)

    def _stop_others(self, failed: Instance) -> None:
        """Do what Airflow does after a failure in a Dag with `fail_fast`: stop what runs, and skip the rest."""
        for instance in self._scheduler.list_stoppable(failed):
            if instance.ti_id in self._stops:
                self._stops[instance.ti_id].set()
            if instance.state in (RUNNING, SKIPPED):
                continue
            instance.state, instance.note = SKIPPED, _FAIL_FAST
            self._recorder.save_instance(instance)
            self._observer.on_skip(instance)
        waiting = {due: [one for one in ones if not one.is_finished] for due, ones in self._waiting.items()}
        self._waiting = {due: ones for due, ones in waiting.items() if ones}

    def _discard(self, instance: Instance) -> Stop | None:
        """Forget that a task instance runs. Return its own stop request, closed, if it has one."""
        self._running.discard(instance.ti_id)
        stop = self._stops.pop(instance.ti_id, None)
        if stop is not None:
            stop.close()
        return stop

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
