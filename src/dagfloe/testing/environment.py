"""The environment of tasks under test: what they find there, and the ways to run them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dagfloe.local.supervise.limits import Limits
from dagfloe.model.assets import Asset
from dagfloe.testing._memory.run import make_client
from dagfloe.testing._mode import choose
from dagfloe.testing.dag_run import (
    DagRunFacts,
    dag_run_record,
    literals,
    task_instance_record,
    task_run,
    with_context,
)
from dagfloe.testing.mappings import Connections, Variables, XComs
from dagfloe.testing.resumption import answered, fired, poked
from dagfloe.testing.runner import FailingStore, Setting, StopAt, check_stop, run_try
from dagfloe.testing.schema_version import choose_schema_version
from dagfloe.values.dates import to_seconds, utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from os import PathLike

    from dagfloe.authoring.dag import Task
    from dagfloe.client import Client
    from dagfloe.local.task_run import TaskRun
    from dagfloe.model.context import Context
    from dagfloe.testing._mode import Over, Way
    from dagfloe.testing.result import Result


class TaskEnvironment:
    """An Airflow for tests: fill it, run tasks in it, look at what they left.

    What a task pushes and writes stays for those that are run after it.

    Args:
        airflow: the oldest Airflow that is to run the tasks, `"3.3"` or `"3.4"`; what only 3.4 has, such as
            `client.xcom.get(previous_iteration=True)`, needs `"3.4"`. By default it is `airflow` in `[tool.dagfloe]` of
            the task's project: of the nearest `pyproject.toml` in the folder of the task's module or one above it. A
            call without a task looks in the current folder instead. A frozen file always has its own.

    Attributes:
        airflow: that Airflow; None for what the project says.
        variables: Airflow's variables by key.
        connections: its connections by conn_id.
        xcoms: the XComs of the Dag run; `xcoms["extract"]` is what that task returned.
        dag_run: the Dag run.
        errors: by the type of a request, the error code that answers it: `errors["GetVariable"] = "PERMISSION_DENIED"`.
        now: the time that dagfloe reads in memory; None for the real one. It is moved on to when a task is to be run
            again. Dates that a task is told start from it in every way of running.
        level: the lowest level that is logged.
        limits: how long a task in a process of its own, and its parts, may take.
        store: all of the above as the embedded supervisor has it, and assets, Dag runs and state stores.
        requests: everything that tasks and clients sent, in order.
        results: every try that was run, in order.
    """

    def __init__(self, *, airflow: str | None = None) -> None:
        self.airflow = airflow
        self.store = FailingStore(self._now)
        self.errors = self.store.errors
        self.variables = Variables(self.store)
        self.connections = Connections(self.store)
        self.xcoms = XComs()
        self.dag_run = DagRunFacts()
        self.now: datetime | None = None
        self.level = "INFO"
        self.limits = Limits(task_s=60.0)
        self.requests: list[Mapping[str, Any]] = []
        self.results: list[Result] = []

    def run(
        self,
        task: Task | str,
        *,
        over: Over = "memory",
        file: str | PathLike[str] | None = None,
        dag_id: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        try_number: int = 1,
        max_tries: int | None = None,
        map_index: int = -1,
        retries: int | None = None,
        stop_at: str | None = None,
    ) -> Result:
        """Run a task as Airflow would: bind its arguments, call it, push what it returns, say how it ended.

        Args:
            task: the task; with `file`, its task_id is enough.
            over: `memory` runs it in this process, which is quick and can be debugged; `sockets` in another one, with
                the real runtime from its start to its exit status.
            file: the frozen file to run instead.
            dag_id: with a task_id that several Dags of the file have, the Dag.
            arguments: all its arguments by name, in the place of what the `with dag:` block says.
            try_number: 1 for the first try.
            max_tries: how many retries it has; by default what it declares, else 0.
            map_index: which item a mapped task gets.
            retries: as `max_tries`, and it is run again at once, with the next try_number, as often as it is to be
                retried.
            stop_at: a regular expression; as soon as a log record has it, the task is told to stop.

        Returns:
            The last try.

        Raises:
            MisuseError: when that cannot be done.
            PackError: when the `pyproject.toml` of the task's project cannot be read, or has a wrong `airflow`.
            TaskStateError: when the task ended without a record for `stop_at`.
        """
        way = choose(task, over=over, file=file, dag_id=dag_id, airflow=self.airflow)
        self._introduce_assets(way)
        if max_tries is None:
            max_tries = _declared_retries(way) if retries is None else retries
        more: dict[str, Any] = {} if arguments is None else {"arg_bindings": literals(arguments)}
        tries: tuple[Result, ...] = ()
        while True:
            run = self._task_run(
                way.dag_id,
                way.task_id,
                try_number=try_number,
                max_tries=max_tries,
                map_index=map_index,
                schema_version=way.schema_version,
                more=more,
            )
            result = self._try(way, run, stop_at, tries)
            tries = result.tries
            if retries is None or result.state != "up_for_retry":
                return result
            pushed = more.get("xcom_keys_to_clear", [])
            more = {**more, "xcom_keys_to_clear": sorted({*pushed, *result.xcoms})}
            self._move_on(_retry_delay_s(result))
            try_number += 1

    def resume(
        self, result: Result, *, event: Any = None, error: str | None = None, stop_at: str | None = None
    ) -> Result:
        """Let a deferred task go on.

        Args:
            result: the try that was deferred.
            event: what its trigger says.
            error: in the place of an event, how its trigger fails; with "timeout" in it, it did not fire in time.
            stop_at: as for `run`.

        Raises:
            MisuseError: when the task is not deferred.
        """
        return self._again(result, fired(result, event, error), stop_at)

    def answer(
        self,
        result: Result,
        chosen: str | Sequence[str] | None,
        params: Mapping[str, Any] | None = None,
        *,
        user: str = "tester",
        stop_at: str | None = None,
    ) -> Result:
        """Let a task that waits for a human go on.

        Args:
            result: the try that asked.
            chosen: the option, or the options, that the human chooses; None when nobody answers in time.
            params: what is filled into the form; the rest has its default values.
            user: the id and name of who answers.
            stop_at: as for `run`.

        Raises:
            MisuseError: when the task did not ask, or not for this.
        """
        chosen = [chosen] if isinstance(chosen, str) else chosen
        return self._again(result, answered(result, chosen, params or {}, user, self._now()), stop_at)

    def poke_again(self, result: Result, *, stop_at: str | None = None) -> Result:
        """Run a task again that is `up_for_reschedule`, as the same try; a clock that stands still is moved on.

        Args:
            result: the try that was rescheduled.
            stop_at: as for `run`.

        Raises:
            MisuseError: when it was not.
        """
        fields = poked(result)
        if self.now is not None and result.reschedule_date is not None:
            self.now = max(self.now, result.reschedule_date)
        return self._again(result, fields, stop_at)

    def context(
        self, task: Task | None = None, *, try_number: int = 1, max_tries: int = 0, map_index: int = -1
    ) -> Context:
        """A `Context` for code that is called without a running task.

        Args:
            task: whose; by default nobody's.
            try_number: 1 for the first try.
            max_tries: how many retries the task has.
            map_index: -1 when it is not mapped.
        """
        return self._client(task, try_number=try_number, max_tries=max_tries, map_index=map_index)[1]

    def client(
        self, task: Task | None = None, *, try_number: int = 1, max_tries: int = 0, map_index: int = -1
    ) -> Client:
        """A `Client` for code that is called without a running task; arguments as for `context`."""
        return self._client(task, try_number=try_number, max_tries=max_tries, map_index=map_index)[0]

    def _client(self, task: Task | None, **facts: Any) -> tuple[Client, Context]:
        ids = ("dag", "task") if task is None else (task.dag_id, task.task_id)
        run = self._task_run(*ids, schema_version=choose_schema_version(self.airflow, task), **facts)
        self.store.save_run(dag_run_record(run))
        self.xcoms.fill(self.store, run)
        return make_client(task, run, self.store, self._notice, self._now)

    def _introduce_assets(self, way: Way) -> None:
        """Let the assets be known that the task names in full, as Airflow knows them from the Dag."""
        for asset in (*way.task.outlets, *way.task.inlets) if way.task else ():
            if isinstance(asset, Asset) and self.store.find_asset(asset.name, asset.uri) is None:
                self.store.add_asset(asset.name, asset.uri, group=asset.group, extra=asset.extra)

    def _task_run(self, dag_id: str, task_id: str, **facts: Any) -> TaskRun:
        return task_run(dag_id, task_id, self.dag_run, self._now(), **facts)

    def _now(self) -> datetime:
        return self.now or utc_now()

    def _move_on(self, seconds: float) -> None:
        if self.now is not None:
            self.now += timedelta(seconds=seconds)

    def _notice(self, request: Mapping[str, Any]) -> None:
        self.requests.append(request)
        if request["type"] not in self.errors:
            self.xcoms.notice(request)

    def _again(self, result: Result, ti_context: Mapping[str, Any], stop_at: str | None) -> Result:
        return self._try(result.way, with_context(result.run, ti_context), stop_at, result.earlier)

    def _try(self, way: Way, run: TaskRun, stop_at: str | None, earlier: tuple[Result, ...]) -> Result:
        self.xcoms.fill(self.store, run)
        setting = Setting(
            store=self.store,
            level=self.level,
            clock=self._now,
            limits=self.limits,
            on_request=self._notice,
        )
        stop = None if stop_at is None else StopAt(stop_at)
        self.store.save_run(dag_run_record(run))
        self.store.save_task_instance(task_instance_record(run, "running"))
        result = replace(run_try(way, run, setting, stop), earlier=earlier)
        self.store.save_task_instance(task_instance_record(run, result.state))
        self.results.append(result)
        check_stop(result, stop)
        return result


def _declared_retries(way: Way) -> int:
    return 0 if way.task is None else int(way.task.declared.get("retries") or 0)  # type: ignore[call-overload]


def _retry_delay_s(result: Result) -> float:
    declared: Any = result.way.task.declared.get("retry_delay", 0) if result.way.task else 0
    return to_seconds(declared) if result.retry_delay_s is None else result.retry_delay_s
