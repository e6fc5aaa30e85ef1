"""Task instances: `client.task_instances`."""

from __future__ import annotations

from dagfloe.client.dag_runs import to_list
from dagfloe.errors import DagfloeError
from dagfloe.model.record import Record
from dagfloe.values.dates import to_datetime
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import Any

    from dagfloe.client._exchange import Exchange
    from dagfloe.messages.v2026_06_16 import (
        GetPreviousTI,
        GetTaskBreadcrumbs,
        GetTaskRescheduleStartDate,
        GetTaskStates,
        GetTICount,
        SetRenderedFields,
        SetRenderedMapIndex,
        SkipDownstreamTasks,
        TaskInstanceState,
    )
    from dagfloe.messages.v2026_10_30 import SetExecutionTimeout

#: The characters that Airflow's database can hold.
_MAX_LABEL_LENGTH = 250


class PreviousTaskInstance(Record):
    """An earlier task instance of a task (`PreviousTIResponse`). All datetimes are aware.

    Attributes:
        dag_id: the Dag's id.
        task_id: the task's id.
        run_id: the Dag run's id.
        try_number: its last try.
        logical_date: its run's logical date, if it has one.
        start_date: when it started; None if it has not.
        end_date: when it ended; None if it has not.
        state: its state; None if it has none.
        map_index: -1 if the task is not mapped.
        duration: its duration in seconds; None if it has not ended.
    """

    dag_id: str
    task_id: str
    run_id: str
    try_number: int
    logical_date: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    state: str | None = None
    map_index: int | None = -1
    duration: float | None = None


class TaskInstances:
    """Reads task instances, skips those downstream, and sets how this one is shown."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def count(
        self,
        dag_id: str | None = None,
        *,
        task_ids: Iterable[str] | None = None,
        task_group_id: str | None = None,
        run_ids: Iterable[str] | None = None,
        logical_dates: Iterable[datetime] | None = None,
        map_index: int | None = None,
        states: Iterable[str] | None = None,
    ) -> int:
        """The number of task instances.

        Args:
            dag_id: the Dag; this one by default.
            task_ids: only of these tasks.
            task_group_id: only of this task group.
            run_ids: only of these Dag runs.
            logical_dates: only of Dag runs with these logical dates.
            map_index: only those with this map index.
            states: only those in these states.
        """
        body: GetTICount = {
            "type": "GetTICount",
            "dag_id": dag_id or self._exchange.ti.dag_id,
            "task_ids": to_list(task_ids),
            "task_group_id": task_group_id,
            "run_ids": to_list(run_ids),
            "logical_dates": to_list(logical_dates),
            "map_index": map_index,
            "states": to_list(states),
        }
        count: int = self._exchange.ask_for(body, "TICount", "count")
        return count

    def states(
        self,
        dag_id: str | None = None,
        *,
        task_ids: Iterable[str] | None = None,
        task_group_id: str | None = None,
        run_ids: Iterable[str] | None = None,
        logical_dates: Iterable[datetime] | None = None,
        map_index: int | None = None,
    ) -> dict[str, dict[str, str | None]]:
        """The states of task instances by run_id, then by task_id (with the suffix `_<map_index>` for mapped tasks).

        Args:
            dag_id: the Dag; this one by default.
            task_ids: only of these tasks.
            task_group_id: only of this task group.
            run_ids: only of these Dag runs; this one by default, unless `logical_dates` is given.
            logical_dates: only of Dag runs with these logical dates.
            map_index: only those with this map index.
        """
        if run_ids is None and logical_dates is None:
            run_ids = [self._exchange.ti.run_id]
        body: GetTaskStates = {
            "type": "GetTaskStates",
            "dag_id": dag_id or self._exchange.ti.dag_id,
            "task_ids": to_list(task_ids),
            "task_group_id": task_group_id,
            "run_ids": to_list(run_ids),
            "logical_dates": to_list(logical_dates),
            "map_index": map_index,
        }
        states: dict[str, dict[str, str | None]] = self._exchange.ask_for(body, "TaskStatesResult", "task_states")
        return states

    def previous(
        self,
        task_id: str | None = None,
        *,
        dag_id: str | None = None,
        state: TaskInstanceState | None = None,
        logical_date: datetime | None = None,
        map_index: int = -1,
    ) -> PreviousTaskInstance | None:
        """The last task instance of a task before a logical date; None if there is no such task instance.

        Args:
            task_id: the task; this one by default.
            dag_id: its Dag; this one by default.
            state: only in this state.
            logical_date: aware; this run's by default.
            map_index: its map index.
        """
        body: GetPreviousTI = {
            "type": "GetPreviousTI",
            "dag_id": dag_id or self._exchange.ti.dag_id,
            "task_id": task_id or self._exchange.ti.task_id,
            "logical_date": logical_date or self._exchange.context.logical_date,
            "map_index": map_index,
            "state": state,
        }
        ti = self._exchange.ask(body, "PreviousTIResult").get("task_instance")
        return None if ti is None else PreviousTaskInstance.read(ti, "PreviousTIResult.task_instance")

    def breadcrumbs(self, run_id: str | None = None, *, dag_id: str | None = None) -> list[dict[str, Any]]:
        """The task_id, map_index, state, operator and duration of the finished task instances of a Dag run.

        Args:
            run_id: the run; this one by default.
            dag_id: its Dag; this one by default.
        """
        ti = self._exchange.ti
        body: GetTaskBreadcrumbs = {
            "type": "GetTaskBreadcrumbs",
            "dag_id": dag_id or ti.dag_id,
            "run_id": run_id or ti.run_id,
        }
        breadcrumbs: list[dict[str, Any]] = self._exchange.ask_for(body, "TaskBreadcrumbsResult", "breadcrumbs")
        return breadcrumbs

    def first_reschedule_date(self) -> datetime | None:
        """When this try was first rescheduled; None if it was not."""
        context = self._exchange.context
        if not context.task_reschedule_count:
            return None
        if context.first_reschedule_date is not None:
            return context.first_reschedule_date
        body: GetTaskRescheduleStartDate = {
            "type": "GetTaskRescheduleStartDate",
            "ti_id": context.ti.id,
            "try_number": context.ti.try_number,
        }
        start_date = self._exchange.ask(body, "TaskRescheduleStartDate").get("start_date")
        return None if start_date is None else to_datetime(start_date)

    def skip_downstream(self, tasks: Iterable[str | tuple[str, int]]) -> None:
        """Skip tasks of this Dag run that have not run yet, regardless of their trigger rules.

        Args:
            tasks: their task_ids, or pairs of a task_id and a map index.
        """
        body: SkipDownstreamTasks = {"type": "SkipDownstreamTasks", "tasks": [_task_key(task) for task in tasks]}
        self._exchange.send(body)

    def set_rendered_fields(self, fields: Mapping[str, object]) -> None:
        """Show values under "Rendered Templates" of this task instance. Secrets in them are masked.

        Args:
            fields: the values by name; they need a JSON form.
        """
        check_jsonable(dict(fields))
        masked = self._exchange.secrets.mask_value(dict(fields))
        body: SetRenderedFields = {"type": "SetRenderedFields", "rendered_fields": masked}
        self._exchange.send(body)

    def set_rendered_map_index(self, label: str) -> None:
        """Show a label instead of this task instance's map index.

        Args:
            label: the label, of 1 to 250 characters.

        Raises:
            DagfloeError: if the label is empty or too long.
        """
        if type(label) is not str or not 0 < len(label) <= _MAX_LABEL_LENGTH or "\0" in label:
            raise DagfloeError(
                f"a rendered_map_index needs to be a str of 1 to {_MAX_LABEL_LENGTH} characters without NUL"
            )
        body: SetRenderedMapIndex = {"type": "SetRenderedMapIndex", "rendered_map_index": label}
        self._exchange.send(body)
        self._exchange.rendered_map_index = label

    def set_execution_timeout(self, seconds: float) -> None:
        """Let the supervisor kill this process if it runs longer. The runtime calls this for `execution_timeout`.

        Args:
            seconds: the timeout. Needs `airflow = "3.4"`.
        """
        body: SetExecutionTimeout = {"type": "SetExecutionTimeout", "timeout_seconds": seconds}
        self._exchange.send(body)


def _task_key(task: str | tuple[str, int]) -> Any:
    return task if isinstance(task, str) else list(task)
