"""Runs a Dag, several tasks at a time. Shows nothing: it tells an observer, always from the thread that called it.

Each task instance that runs has a thread, in which `supervisor.run_task` serves it. What they have to say comes through
one queue. What is run when is in `scheduler`, how a task instance goes on that was suspended in `resuming`.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime, timezone
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RETURN_VALUE
from dagfloe.local.schedule.dag_run import Answers, DagResult, DagRunOptions, Observer
from dagfloe.local.schedule.resumption import Resumer
from dagfloe.local.schedule.scheduler import Scheduler
from dagfloe.local.schedule.task_instances import UNMAPPED, Instance, Try
from dagfloe.local.store.run_records import DagRunRecord, TaskInstanceRecord
from dagfloe.local.supervise.stop import Stop
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.local.task_run import TaskRun
from dagfloe.model.states import FAILED, RUNNING, SUCCESS, UP_FOR_RETRY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagfloe.local.schedule.manifest_graph import Graph
    from dagfloe.local.store.store import Store
    from dagfloe.local.supervise.task_result import TaskResult


def run_dag(
    command: Sequence[str],
    graph: Graph,
    store: Store,
    observer: Observer,
    answers: Answers,
    options: DagRunOptions,
    stop: Stop | None = None,
) -> DagResult:
    """Run a Dag.

    Args:
        command: the bundle file, or a program with its first arguments.
        graph: the Dag, or the part of it to run.
        store: shared by all tasks; afterwards it holds their XComs.
        observer: is told what happens.
        answers: knows what comes of triggers and of questions.
        options: how it is run.
        stop: ends the running tasks and leaves out the rest, once it is set.
    """
    with ExitStack() as stack:
        stop = stop or stack.enter_context(Stop())
        return _DagRun(command, graph, store, (observer, answers), options, stop).run()


class _DagRun:
    def __init__(
        self,
        command: Sequence[str],
        graph: Graph,
        store: Store,
        told: tuple[Observer, Answers],
        options: DagRunOptions,
        stop: Stop,
    ) -> None:
        self._command = command
        self._graph = graph
        self._store = store
        self._observer, answers = told
        self._resumer = Resumer(answers, store.questions)
        self._options = options
        self._stop = stop
        self._began = datetime.now(tz=timezone.utc)
        self._run_id = options.run_id or f"manual__{self._began.isoformat()}"
        self._scheduler = Scheduler(graph, self._length_of)
        self._happened: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._running: set[str] = set()
        self._waiting: dict[float, list[Instance]] = {}

    def run(self) -> DagResult:
        clock = time.monotonic()
        self._save_run(RUNNING)
        self._stop.call(lambda: self._happened.put(_nothing))
        with ThreadPoolExecutor(self._options.jobs, thread_name_prefix="task") as pool:
            try:
                self._start_ready(pool)
                while self._running or (self._waiting and not self._stop.is_set):
                    self._next_event()()
                    self._start_ready(pool)
            except BaseException:
                self._stop.set()  # so that the pool ends
                raise
        state = self._scheduler.state if self._scheduler.is_done or not self._stop.is_set else "interrupted"
        self._save_run(state if state == SUCCESS else FAILED)
        return DagResult(
            graph=self._graph,
            run_id=self._run_id,
            state=state,
            began=self._began,
            seconds=time.monotonic() - clock,
            jobs=self._options.jobs,
            instances=tuple(self._scheduler.instances),
        )

    def _next_event(self) -> Callable[[], object]:
        """Wait for something to happen, or for the end of the shortest wait."""
        nearest = min(self._waiting, default=None)
        with suppress(Empty):
            return self._happened.get(timeout=None if nearest is None else max(0.0, nearest - time.monotonic()))
        return _nothing

    def _start_ready(self, pool: ThreadPoolExecutor) -> None:
        if self._stop.is_set:
            return
        due = sorted(at for at in self._waiting if at <= time.monotonic())
        ready = [instance for at in due for instance in self._waiting.pop(at)]
        queued, left_out = self._scheduler.advance()
        for instance in left_out:
            self._save(instance)
            self._observer.left_out(instance)
        for instance in (*ready, *queued):
            self._running.add(instance.ti_id)
            self._save(instance)
            pool.submit(self._run_instance, instance)

    # In a thread of the pool

    def _run_instance(self, instance: Instance) -> None:
        if self._stop.is_set:
            self._happened.put(lambda: self._running.discard(instance.ti_id))
            return
        self._happened.put(lambda: self._begin(instance))
        try:
            result = run_task(
                self._command,
                self._task_run(instance),
                self._store,
                env=self._options.env,
                on_record=lambda record: self._happened.put(lambda: self._observer.said(instance, record)),
                stop=self._stop,
                limits=self._options.limits,
            )
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            self._happened.put(lambda error=error: _raise(error))  # type: ignore[misc]
        else:
            self._happened.put(lambda: self._end(instance, result))

    def _task_run(self, instance: Instance) -> TaskRun:
        task = instance.task
        resumes = "next_method" in instance.resumption
        earlier = [] if resumes else self._keys_of(instance)
        return TaskRun(
            dag_id=self._graph.dag_id,
            task_id=task.task_id,
            run_id=self._run_id,
            try_number=instance.try_number,
            map_index=instance.map_index,
            ti_id=instance.ti_id,
            max_tries=task.retries,
            should_retry=instance.try_number <= task.retries,
            conf=self._options.conf,
            logical_date=self._logical_date,
            queue=task.queue,
            schema_version=self._options.schema_version,
            ti_context={"xcom_keys_to_clear": earlier, **instance.resumption},
        )

    @property
    def _logical_date(self) -> datetime:
        return self._options.logical_date or self._began

    def _keys_of(self, instance: Instance) -> list[str]:
        """The XComs that an earlier try pushed."""
        place = (self._graph.dag_id, self._run_id, instance.task.task_id, instance.map_index)
        return [each.key for each in list(self._store.xcoms) if each[:4] == place]

    # In the thread that waits

    def _begin(self, instance: Instance) -> None:
        now = datetime.now(tz=timezone.utc)
        instance.state = RUNNING
        instance.started = instance.started or now
        instance.tries.append(Try(try_number=instance.try_number, began=now))
        self._save(instance)
        self._observer.began(instance)

    def _end(self, instance: Instance, result: TaskResult) -> None:
        self._running.discard(instance.ti_id)
        state = result.state
        if self._stop.is_set and state == UP_FOR_RETRY:
            state = FAILED
        instance.tries[-1].result, instance.tries[-1].state = result, state
        instance.state = state
        instance.label = self._store.rendered_map_indexes.get(instance.ti_id, instance.label)
        for request in result.requests:
            if request["type"] == "SkipDownstreamTasks":
                self._scheduler.skip(request["tasks"])
            elif request.get("rendered_map_index") is not None:
                instance.label = request["rendered_map_index"]
        self._observer.ended(instance)
        if not instance.is_finished and not self._stop.is_set:
            self._suspend(instance, state, result.terminal or {})
        self._save(instance)

    def _suspend(self, instance: Instance, state: str, terminal: Mapping[str, Any]) -> None:
        resumption = self._resumer.after(instance, state, terminal)
        if resumption is None:
            instance.state = FAILED
            self._observer.ended(instance)
            return
        instance.resumption = dict(resumption.ti_context)
        limit_s = self._options.max_wait_s
        seconds = resumption.after_s if limit_s is None else min(resumption.after_s, limit_s)
        self._waiting.setdefault(time.monotonic() + seconds, []).append(instance)
        if seconds:
            self._observer.waits(instance, seconds, resumption.after_s)

    def _length_of(self, task_id: str) -> int | None:
        """How many items a task returned, or how many instances of a mapped task returned something."""
        place = (self._graph.dag_id, self._run_id, task_id)
        found = [each for each in list(self._store.xcoms) if each[:3] == place and each.key == RETURN_VALUE]
        if any(each.map_index != UNMAPPED for each in found):
            return len(found)
        value = self._store.xcoms[found[0]] if found else None
        return len(value) if isinstance(value, (list, dict)) else None

    def _save_run(self, state: str) -> None:
        is_over = state != RUNNING
        self._store.save_run(
            DagRunRecord(
                dag_id=self._graph.dag_id,
                run_id=self._run_id,
                state=state,
                logical_date=self._logical_date,
                data_interval_start=self._logical_date,
                data_interval_end=self._logical_date,
                run_after=self._logical_date,
                start_date=self._began,
                end_date=datetime.now(tz=timezone.utc) if is_over else None,
                conf=dict(self._options.conf),
            )
        )

    def _save(self, instance: Instance) -> None:
        self._store.save_task_instance(
            TaskInstanceRecord(
                dag_id=self._graph.dag_id,
                task_id=instance.task.task_id,
                run_id=self._run_id,
                map_index=instance.map_index,
                try_number=instance.try_number,
                state=instance.state,
                start_date=instance.started,
                end_date=datetime.now(tz=timezone.utc) if instance.is_finished else None,
                queue=instance.task.queue,
                pool=instance.task.pool,
                ti_id=instance.ti_id,
                map_label=instance.label,
                reschedules=instance.reschedules,
            )
        )


def _nothing() -> None:
    """Happen."""


def _raise(error: BaseException) -> None:
    raise error
