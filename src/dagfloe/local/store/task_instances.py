"""The store's task instances: their states, what they skip, and what they ask humans."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dagfloe.local.store.replies import Reply, check_own, invalid, refused, refused_text
from dagfloe.local.store.run_records import TaskInstanceRecord
from dagfloe.model.states import FAILED, FINISHED, RUNNING, SKIPPED, SUCCESS
from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagfloe.local.store.dag_runs import RunKey, RunStore
    from dagfloe.local.store.replies import Serve
    from dagfloe.local.task_run import TaskRun
    from dagfloe.values.dates import Clock

InstanceKey = tuple[str, str, str, int]
_NOT_SKIPPED = (RUNNING, SUCCESS, FAILED)
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


class InstanceStore:
    """Task instances.

    Args:
        runs: knows the Dag runs' logical dates.
        clock: gives the dates of task instances.

    Attributes:
        instances: task instances by dag_id, run_id, task_id and map_index.
        skipped: which tasks were skipped downstream, as it was said, by dag_id and run_id.
        questions: what humans are asked, by the task instance's id.
        rendered_fields: what the tasks sent as their rendered fields, by the task instance's id.
        rendered_map_indexes: likewise their rendered map indexes.
        rescheduled: when a task instance was rescheduled first, by its id.
    """

    def __init__(self, runs: RunStore, clock: Clock) -> None:
        self._clock = clock
        self.instances: dict[InstanceKey, TaskInstanceRecord] = {}
        self.skipped: dict[RunKey, list[Any]] = {}
        self.questions: dict[str, dict[str, Any]] = {}
        self.rendered_fields: dict[str, dict[str, Any]] = {}
        self.rendered_map_indexes: dict[str, str] = {}
        self.rescheduled: dict[str, datetime] = {}
        self._asked: dict[str, int] = {}
        self._runs = runs
        runs.on_clear = self._clear

    def served(self) -> dict[str, Serve]:
        """What it answers, by the request's type."""
        return {
            "CreateHITLDetailPayload": self._ask,
            "GetPreviousTI": self._get_previous,
            "GetTICount": self._count,
            "GetTaskBreadcrumbs": self._get_breadcrumbs,
            "GetTaskRescheduleStartDate": self._get_reschedule_start_date,
            "GetTaskStates": self._get_states,
            "SetExecutionTimeout": lambda _body, _task: Reply(),
            "SetRenderedFields": self._set_rendered_fields,
            "SetRenderedMapIndex": self._set_rendered_map_index,
            "SkipDownstreamTasks": self._skip,
        }

    def save(self, record: TaskInstanceRecord) -> None:
        """Add a task instance, or replace it."""
        self.instances[record.dag_id, record.run_id, record.task_id, record.map_index] = record

    def meet(self, task: TaskRun) -> None:
        """Add the task instance that asks, where nobody did."""
        if (task.dag_id, task.run_id, task.task_id, task.map_index) not in self.instances:
            self.save(
                TaskInstanceRecord(
                    dag_id=task.dag_id,
                    task_id=task.task_id,
                    run_id=task.run_id,
                    ti_id=task.ti_id,
                    map_index=task.map_index,
                    try_number=task.try_number,
                    state="running",
                    start_date=self._clock(),
                    queue=task.queue,
                )
            )

    def reschedule(self, task: TaskRun) -> None:
        """Note that a task instance is to be run again later."""
        self.rescheduled.setdefault(task.ti_id, self._clock())

    def _clear(self, dag_id: str, run_id: str) -> None:
        for key, record in self.instances.items():
            if key[:2] == (dag_id, run_id):
                self.instances[key] = replace(record, state=None)

    def _ask(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_own(body, task)
        for name, absent in (("params", None), ("assigned_users", None), ("multiple", False)):
            if body.get(name, absent) is None:
                raise invalid("body", name, "it cannot be null")
        if self._asked.get(task.ti_id) != task.try_number:  # a try asks once; later questions get the first one back
            self._asked[task.ti_id] = task.try_number
            self.questions[task.ti_id] = {name: value for name, value in body.items() if name != "type"}
        question = self.questions[task.ti_id]
        told = {name: value for name, value in question.items() if value is not None and value is not False}
        return Reply({"type": "HITLDetailRequestResult", **told})

    def _skip(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        self.skipped.setdefault((task.dag_id, task.run_id), []).extend(body["tasks"])
        now = self._clock()
        for each in body["tasks"]:
            task_id, map_index = (each, -1) if isinstance(each, str) else each
            record = self.instances.get((task.dag_id, task.run_id, task_id, map_index))
            if record is not None and record.state not in _NOT_SKIPPED:
                self.save(replace(record, state=SKIPPED, start_date=now, end_date=now))
        return Reply()

    def _set_rendered_fields(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        self.rendered_fields.setdefault(task.ti_id, {}).update(body["rendered_fields"])
        return Reply()

    def _set_rendered_map_index(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        if not body["rendered_map_index"]:
            raise refused_text(422, "rendered_map_index cannot be empty")
        self.rendered_map_indexes[task.ti_id] = body["rendered_map_index"]
        return Reply()

    def _get_reschedule_start_date(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_own(body, task)
        return Reply({"type": "TaskRescheduleStartDate", "start_date": self.rescheduled.get(task.ti_id)})

    def _get_previous(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        wanted = (body["dag_id"], body["task_id"], body.get("map_index", -1))
        before = body.get("logical_date")
        found = []
        for each in self.instances.values():
            date = self._date(each)
            if (
                (each.dag_id, each.task_id, each.map_index) == wanted
                and (before is None or (date is not None and date < to_datetime(before)))
                and body.get("state") in (None, each.state)
            ):
                found.append((date or _LONG_AGO, each))
        last = max(found, key=lambda each: each[0])[1] if found else None
        return Reply({"type": "PreviousTIResult", "task_instance": None if last is None else self._as_body(last)})

    def _count(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        found = self._matching(body, body.get("task_ids"))
        if body.get("task_group_id"):
            pairs = {(each.task_id, each.map_index) for each in self._of_group(body)}
            pairs = pairs or {(body["task_group_id"], -1)}
            found = [each for each in found if (each.task_id, each.map_index) in pairs]
        states = body.get("states")
        return Reply(
            {
                "type": "TICount",
                "count": sum(not states or ("null" if each.state is None else each.state) in states for each in found),
            }
        )

    def _get_states(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        found = self._matching(body, body.get("task_ids"))
        if body.get("task_group_id"):
            found = [*(found if body.get("task_ids") else ()), *self._of_group(body)]
        states: dict[str, dict[str, Any]] = {}
        for each in found:
            name = each.task_id if each.map_index < 0 else f"{each.task_id}_{each.map_index}"
            states.setdefault(each.run_id, {})[name] = each.state
        return Reply({"type": "TaskStatesResult", "task_states": states})

    def _get_breadcrumbs(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        run = (body["dag_id"], body["run_id"])
        found = sorted(key for key, each in self.instances.items() if key[:2] == run and each.state in FINISHED)
        return Reply(
            {
                "type": "TaskBreadcrumbsResult",
                "breadcrumbs": [
                    {
                        "task_id": each.task_id,
                        "map_index": each.map_index,
                        "state": each.state,
                        "operator": each.operator,
                        "duration": _duration(each),
                    }
                    for each in map(self.instances.__getitem__, found)
                ],
            }
        )

    def _matching(self, body: Mapping[str, Any], task_ids: Iterable[str] | None) -> list[TaskInstanceRecord]:
        """The task instances that fit the common filters; empty ones, and a map index below 0, do not count."""
        dates = [to_datetime(date) for date in body.get("logical_dates") or ()]
        map_index = body.get("map_index")
        map_index = None if map_index is None or map_index < 0 else map_index
        return [
            each
            for each in self.instances.values()
            if each.dag_id == body["dag_id"]
            and (not task_ids or each.task_id in task_ids)
            and (map_index is None or each.map_index == map_index)
            and (not body.get("run_ids") or each.run_id in body["run_ids"])
            and (not dates or self._date(each) in dates)
        ]

    def _of_group(self, body: Mapping[str, Any]) -> list[TaskInstanceRecord]:
        """The task instances in a task group, which their task_ids begin with."""
        group = body["task_group_id"]
        known = {each.task_id for each in self.instances.values() if each.dag_id == body["dag_id"]}
        members = {task_id for task_id in known if task_id.startswith(f"{group}.")}
        if not members:
            raise refused(404, "not_found", f"The Dag {body['dag_id']!r} has no task group {group!r}")
        return self._matching(body, members)

    def _date(self, record: TaskInstanceRecord) -> datetime | None:
        return self._runs.logical_date_of(record.dag_id, record.run_id)

    def _as_body(self, record: TaskInstanceRecord) -> dict[str, Any]:
        return {
            "task_id": record.task_id,
            "dag_id": record.dag_id,
            "run_id": record.run_id,
            "logical_date": self._date(record),
            "start_date": record.start_date,
            "end_date": record.end_date,
            "state": record.state,
            "try_number": record.try_number,
            "map_index": record.map_index,
            "duration": _duration(record),
        }


def _duration(record: TaskInstanceRecord) -> float | None:
    if record.start_date is None or record.end_date is None:
        return None
    return (record.end_date - record.start_date).total_seconds()
