"""The environment in which a test runs tasks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dagfloe.constants import RUNNING, UP_FOR_RETRY
from dagfloe.local.supervise.limits import Limits
from dagfloe.model.assets import Asset
from dagfloe.testing._memory.run import make_client
from dagfloe.testing._mode import choose_mode
from dagfloe.testing.dag_run import (
    DagRunFacts,
    make_dag_run_record,
    make_literal_bindings,
    make_task_instance_record,
    make_task_run,
    update_ti_context,
)
from dagfloe.testing.mappings import Connections, Variables, XComs
from dagfloe.testing.resumption import resume_from_answer, resume_from_reschedule, resume_from_trigger
from dagfloe.testing.runner import FailingStore, StopPattern, TrySettings, check_stop, run_try
from dagfloe.testing.schema_version import choose_schema_version
from dagfloe.values.dates import to_seconds, utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from os import PathLike

    from dagfloe.authoring.dag import Task
    from dagfloe.authoring.taskflow.task_function import TaskFunction
    from dagfloe.client import Client
    from dagfloe.local.task_run import TaskRun
    from dagfloe.model.context import Context
    from dagfloe.testing._mode import Mode, ModeName
    from dagfloe.testing.result import Result


class TaskEnvironment:
    """An Airflow for tests: fill it, run tasks in it, and check the results.

    The XComs, variables and states that a task writes stay for the tasks that run after it.

    Args:
        airflow: the oldest Airflow that is to run the tasks, `"3.3"` or `"3.4"`. What only 3.4 has, such as
            `client.xcom.get(previous_iteration=True)`, needs `"3.4"`. By default it is the setting `airflow` in
            `[tool.dagfloe]` of the task's project: of the nearest `pyproject.toml` in the folder of the task's module
            or above it. A call without a task looks in the current folder instead. A frozen file always has its own.

    Attributes:
        airflow: as above; None for the project's setting.
        variables: Airflow's variables by key.
        connections: Airflow's connections by conn_id.
        xcoms: the XComs of the Dag run; `xcoms["extract"]` is the return value of that task.
        dag_run: the Dag run.
        errors: error codes by the type of the request: `errors["GetVariable"] = "PERMISSION_DENIED"` lets all such
            requests fail.
        now: the time that dagfloe reads in memory; None for the real time. It advances when a task runs again. In all
            modes, the dates of the task instance start from it.
        level: the lowest log level.
        limits: how long a task in its own process, and its parts, may take.
        store: all of the above as the embedded supervisor has it, and assets, Dag runs and state stores.
        requests: all requests of tasks and clients, in order.
        results: all tries, in order.
    """

    def __init__(self, *, airflow: str | None = None) -> None:
        self.airflow = airflow
        self.store = FailingStore(self._read_clock)
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
        task: Task | TaskFunction | str,
        *,
        over: ModeName | None = None,
        file: str | PathLike[str] | None = None,
        dag_id: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        try_number: int = 1,
        max_tries: int | None = None,
        map_index: int = -1,
        retries: int | None = None,
        stop_at: str | None = None,
    ) -> Result:
        """Run a task as Airflow does: bind its arguments, call it, and push its return value.

        Args:
            task: the task, or a function with `@task` that is one task; with `file`, its task_id is enough.
            over: `memory`, the default, runs it in this process, which is fast and can be debugged. `sockets` runs it
                in another process, with the real runtime from its start to its exit status. Without `over`, a test
                that `dagfloe build --check` runs uses the new bundle file.
            file: run the task in this frozen file instead.
            dag_id: the Dag, if several Dags of the file have the task_id.
            arguments: all its arguments by name, instead of those in the `with dag:` block.
            try_number: 1 for the first try.
            max_tries: the number of retries; by default those that the task declares, else 0.
            map_index: the index of the item that a mapped task gets.
            retries: like `max_tries`, but retries run at once, with the next try_number, as often as Airflow would run
                them.
            stop_at: a regular expression. The task is stopped at the first log record that matches.

        Returns:
            The last try.

        Raises:
            MisuseError: if the task cannot run so.
            PackError: if the `pyproject.toml` of the task's project cannot be read, or has a wrong `airflow`.
            TaskStateError: if the task ended before a record matched `stop_at`.
        """
        mode = choose_mode(task, over=over, file=file, dag_id=dag_id, airflow=self.airflow)
        self._add_declared_assets(mode)
        if max_tries is None:
            max_tries = _declared_retries(mode) if retries is None else retries
        ti_context: dict[str, Any] = {} if arguments is None else {"arg_bindings": make_literal_bindings(arguments)}
        tries: tuple[Result, ...] = ()
        while True:
            run = self._make_task_run(
                mode.dag_id,
                mode.task_id,
                try_number=try_number,
                max_tries=max_tries,
                map_index=map_index,
                schema_version=mode.schema_version,
                ti_context=ti_context,
            )
            result = self._run_try(mode, run, stop_at, tries)
            tries = result.tries
            if retries is None or result.state != UP_FOR_RETRY:
                return result
            pushed_keys = {*ti_context.get("xcom_keys_to_clear", ()), *result.xcoms}
            ti_context = {**ti_context, "xcom_keys_to_clear": sorted(pushed_keys)}
            self._advance_clock(_retry_delay_s(result))
            try_number += 1

    def resume(
        self, result: Result, *, event: Any = None, error: str | None = None, stop_at: str | None = None
    ) -> Result:
        """Resume a deferred task.

        Args:
            result: the try that was deferred.
            event: the payload of the trigger's event.
            error: the error of a trigger that fails instead. If it has the word "timeout", the trigger timed out.
            stop_at: as for `run`.

        Raises:
            MisuseError: if the task is not deferred.
        """
        return self._resume(result, resume_from_trigger(result, event, error), stop_at)

    def answer(
        self,
        result: Result,
        chosen: str | Sequence[str] | None,
        params: Mapping[str, Any] | None = None,
        *,
        user: str = "tester",
        stop_at: str | None = None,
    ) -> Result:
        """Resume a task that waits for a human.

        Args:
            result: the try that asked the question.
            chosen: the option or the options that the human chooses; None if nobody answers in time.
            params: the values of the form's fields; the other fields have their defaults.
            user: the id and the name of the human.
            stop_at: as for `run`.

        Raises:
            MisuseError: if the task did not ask a question, or the answer does not fit it.
        """
        chosen = [chosen] if isinstance(chosen, str) else chosen
        ti_context = resume_from_answer(result, chosen, params or {}, user, self._read_clock())
        return self._resume(result, ti_context, stop_at)

    def poke_again(self, result: Result, *, stop_at: str | None = None) -> Result:
        """Run a task that is `up_for_reschedule` again, as the same try. A frozen clock advances to that date.

        Args:
            result: the try that was rescheduled.
            stop_at: as for `run`.

        Raises:
            MisuseError: if the task was not rescheduled.
        """
        ti_context = resume_from_reschedule(result)
        if self.now is not None and result.reschedule_date is not None:
            self.now = max(self.now, result.reschedule_date)
        return self._resume(result, ti_context, stop_at)

    def context(
        self, task: Task | None = None, *, try_number: int = 1, max_tries: int = 0, map_index: int = -1
    ) -> Context:
        """Make a `Context` for calls without a running task.

        Args:
            task: the task; by default a task that does not exist.
            try_number: 1 for the first try.
            max_tries: the number of retries.
            map_index: -1 if the task is not mapped.
        """
        return self._make_client(task, try_number=try_number, max_tries=max_tries, map_index=map_index)[1]

    def client(
        self, task: Task | None = None, *, try_number: int = 1, max_tries: int = 0, map_index: int = -1
    ) -> Client:
        """Make a `Client` for calls without a running task; arguments as for `context`."""
        return self._make_client(task, try_number=try_number, max_tries=max_tries, map_index=map_index)[0]

    def _make_client(self, task: Task | None, **fields: Any) -> tuple[Client, Context]:
        ids = ("dag", "task") if task is None else (task.dag_id, task.task_id)
        run = self._make_task_run(*ids, schema_version=choose_schema_version(self.airflow, task), **fields)
        self.store.save_run(make_dag_run_record(run))
        self.xcoms.fill(self.store, run)
        return make_client(task, run, self.store, self._add_request, self._read_clock)

    def _add_declared_assets(self, mode: Mode) -> None:
        """Add the assets that the task declares with both name and URI, as Airflow does from the Dag."""
        for asset in (*mode.task.outlets, *mode.task.inlets) if mode.task else ():
            if isinstance(asset, Asset) and self.store.find_asset(asset.name, asset.uri) is None:
                self.store.add_asset(asset.name, asset.uri, group=asset.group, extra=asset.extra)

    def _make_task_run(self, dag_id: str, task_id: str, **fields: Any) -> TaskRun:
        return make_task_run(dag_id, task_id, self.dag_run, self._read_clock(), **fields)

    def _read_clock(self) -> datetime:
        return self.now or utc_now()

    def _advance_clock(self, seconds: float) -> None:
        if self.now is not None:
            self.now += timedelta(seconds=seconds)

    def _add_request(self, request: Mapping[str, Any]) -> None:
        self.requests.append(request)
        if request["type"] not in self.errors:
            self.xcoms.apply(request)

    def _resume(self, result: Result, ti_context: Mapping[str, Any], stop_at: str | None) -> Result:
        return self._run_try(result.way, update_ti_context(result.run, ti_context), stop_at, result.earlier)

    def _run_try(self, mode: Mode, run: TaskRun, stop_at: str | None, earlier: tuple[Result, ...]) -> Result:
        self.xcoms.fill(self.store, run)
        settings = TrySettings(
            store=self.store,
            level=self.level,
            clock=self._read_clock,
            limits=self.limits,
            on_request=self._add_request,
        )
        stop = None if stop_at is None else StopPattern(stop_at)
        self.store.save_run(make_dag_run_record(run))
        self.store.save_task_instance(make_task_instance_record(run, RUNNING))
        result = replace(run_try(mode, run, settings, stop), earlier=earlier)
        self.store.save_task_instance(make_task_instance_record(run, result.state))
        self.results.append(result)
        check_stop(result, stop)
        return result


def _declared_retries(mode: Mode) -> int:
    return 0 if mode.task is None else int(mode.task.declared.get("retries") or 0)  # type: ignore[call-overload]


def _retry_delay_s(result: Result) -> float:
    task = result.way.task
    declared: Any = task.declared.get("retry_delay", 0) if task else 0
    return to_seconds(declared) if result.retry_delay_s is None else result.retry_delay_s
