"""The store's task instances: their states, the tasks that they skip, and their questions to a human."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dagfloe.constants import FAILED, FINISHED, RUNNING, SKIPPED, SUCCESS
from dagfloe.local.store.replies import Reply, api_error, check_ti_id, plain_api_error, validation_error
from dagfloe.local.store.run_records import TaskInstanceRecord
from dagfloe.local.store.saved_items import SavedItem, record_from_dict, record_to_dict
from dagfloe.values.dates import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagfloe.local.store.dag_runs import RunKey, RunStore
    from dagfloe.local.store.replies import Handler
    from dagfloe.local.store.saved_items import Restore
    from dagfloe.local.task_run import TaskRun
    from dagfloe.values.dates import Clock

InstanceKey = tuple[str, str, str, int]
#: Task instances in these states stay as they are when another task skips them.
_NOT_SKIPPED = (RUNNING, SUCCESS, FAILED)
_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)


class InstanceStore:
    """Task instances.

    Args:
        runs: knows the logical dates of the Dag runs.
        clock: gives the dates of task instances.

    Attributes:
        skipped: the tasks that others skipped (`SkipDownstreamTasks`), in order, by dag_id and run_id: task_ids, or
            pairs of task_id and map index.
        questions: the questions to a human (`CreateHITLDetailPayload`) by ti_id.
        rendered_fields: the rendered fields by ti_id.
        rendered_map_indexes: the rendered map indexes by ti_id.
    """

    def __init__(self, runs: RunStore, clock: Clock) -> None:
        self.skipped: dict[RunKey, list[Any]] = {}
        self.questions: dict[str, dict[str, Any]] = {}
        self.rendered_fields: dict[str, dict[str, Any]] = {}
        self.rendered_map_indexes: dict[str, str] = {}
        self._clock = clock
        self._instances: dict[InstanceKey, TaskInstanceRecord] = {}
        self._first_reschedules: dict[str, datetime] = {}
        self._asking_tries: dict[str, int] = {}
        self._runs = runs
        runs.on_clear = self._clear

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the type of the request."""
        return {
            "CreateHITLDetailPayload": self._ask_human,
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
        self._instances[record.dag_id, record.run_id, record.task_id, record.map_index] = record

    def ensure(self, task: TaskRun) -> None:
        """Add a task instance, if it is missing."""
        if (task.dag_id, task.run_id, task.task_id, task.map_index) not in self._instances:
            self.save(
                TaskInstanceRecord(
                    dag_id=task.dag_id,
                    task_id=task.task_id,
                    run_id=task.run_id,
                    ti_id=task.ti_id,
                    map_index=task.map_index,
                    try_number=task.try_number,
                    state=RUNNING,
                    start_date=self._clock(),
                    queue=task.queue,
                )
            )

    def reschedule(self, task: TaskRun) -> None:
        """Save the date of the first reschedule of a task instance."""
        self._first_reschedules.setdefault(task.ti_id, self._clock())

    def saved_items(self) -> Iterator[SavedItem]:
        """Return the task instances."""
        for key, instance in self._instances.items():
            yield SavedItem("task_instance", key, record_to_dict(instance, TaskInstanceRecord))

    def restorers(self) -> dict[str, Restore]:
        """Return the functions that restore saved items, by noun."""
        return {"task_instance": lambda _key, value: self.save(record_from_dict(TaskInstanceRecord, value))}

    def _clear(self, dag_id: str, run_id: str) -> None:
        for key, instance in self._instances.items():
            if key[:2] == (dag_id, run_id):
                self._instances[key] = replace(instance, state=None)

    def _ask_human(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_ti_id(body, task)
        for name, default in (("params", None), ("assigned_users", None), ("multiple", False)):
            if body.get(name, default) is None:
                raise validation_error("body", name, "it cannot be null")
        # Each try has one question. A later request of the same try gets the first question back.
        if self._asking_tries.get(task.ti_id) != task.try_number:
            self._asking_tries[task.ti_id] = task.try_number
            self.questions[task.ti_id] = {name: value for name, value in body.items() if name != "type"}
        question = self.questions[task.ti_id]
        fields = {name: value for name, value in question.items() if value is not None and value is not False}
        return Reply({"type": "HITLDetailRequestResult", **fields})

    def _skip(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        self.skipped.setdefault((task.dag_id, task.run_id), []).extend(body["tasks"])
        now = self._clock()
        for skipped in body["tasks"]:
            task_id, map_index = (skipped, -1) if isinstance(skipped, str) else skipped
            instance = self._instances.get((task.dag_id, task.run_id, task_id, map_index))
            if instance is not None and instance.state not in _NOT_SKIPPED:
                self.save(replace(instance, state=SKIPPED, start_date=now, end_date=now))
        return Reply()

    def _set_rendered_fields(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        self.rendered_fields.setdefault(task.ti_id, {}).update(body["rendered_fields"])
        return Reply()

    def _set_rendered_map_index(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        if not body["rendered_map_index"]:
            raise plain_api_error(422, "rendered_map_index cannot be empty")
        self.rendered_map_indexes[task.ti_id] = body["rendered_map_index"]
        return Reply()

    def _get_reschedule_start_date(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_ti_id(body, task)
        return Reply({"type": "TaskRescheduleStartDate", "start_date": self._first_reschedules.get(task.ti_id)})

    def _get_previous(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        names = (body["dag_id"], body["task_id"], body.get("map_index", -1))
        before = body.get("logical_date")
        dated = []
        for instance in self._instances.values():
            date = self._logical_date(instance)
            if (
                (instance.dag_id, instance.task_id, instance.map_index) == names
                and (before is None or (date is not None and date < to_datetime(before)))
                and body.get("state") in (None, instance.state)
            ):
                dated.append((date or _EARLIEST, instance))
        last = max(dated, key=itemgetter(0))[1] if dated else None
        return Reply({"type": "PreviousTIResult", "task_instance": None if last is None else self._instance_body(last)})

    def _count(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        instances = self._filter(body, body.get("task_ids"))
        if body.get("task_group_id"):
            members = {(instance.task_id, instance.map_index) for instance in self._find_group_members(body)}
            members = members or {(body["task_group_id"], -1)}
            instances = [instance for instance in instances if (instance.task_id, instance.map_index) in members]
        states = body.get("states")
        if states:
            instances = [instance for instance in instances if (instance.state or "null") in states]
        return Reply({"type": "TICount", "count": len(instances)})

    def _get_states(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        instances = self._filter(body, body.get("task_ids"))
        if body.get("task_group_id"):
            instances = [*(instances if body.get("task_ids") else ()), *self._find_group_members(body)]
        states: dict[str, dict[str, Any]] = {}
        for instance in instances:
            name = instance.task_id if instance.map_index < 0 else f"{instance.task_id}_{instance.map_index}"
            states.setdefault(instance.run_id, {})[name] = instance.state
        return Reply({"type": "TaskStatesResult", "task_states": states})

    def _get_breadcrumbs(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        run_key = (body["dag_id"], body["run_id"])
        finished = sorted(
            key for key, instance in self._instances.items() if key[:2] == run_key and instance.state in FINISHED
        )
        breadcrumbs = [
            {
                "task_id": instance.task_id,
                "map_index": instance.map_index,
                "state": instance.state,
                "operator": instance.operator,
                "duration": _duration_s(instance),
            }
            for instance in map(self._instances.__getitem__, finished)
        ]
        return Reply({"type": "TaskBreadcrumbsResult", "breadcrumbs": breadcrumbs})

    def _filter(self, body: Mapping[str, Any], task_ids: Iterable[str] | None) -> list[TaskInstanceRecord]:
        """Return the task instances that match the common filters. Empty ones and negative map indexes match all."""
        dates = [to_datetime(date) for date in body.get("logical_dates") or ()]
        map_index = body.get("map_index")
        map_index = None if map_index is None or map_index < 0 else map_index
        return [
            instance
            for instance in self._instances.values()
            if instance.dag_id == body["dag_id"]
            and (not task_ids or instance.task_id in task_ids)
            and (map_index is None or instance.map_index == map_index)
            and (not body.get("run_ids") or instance.run_id in body["run_ids"])
            and (not dates or self._logical_date(instance) in dates)
        ]

    def _find_group_members(self, body: Mapping[str, Any]) -> list[TaskInstanceRecord]:
        """Return the task instances in a task group, whose id is the prefix of their task_ids."""
        group = body["task_group_id"]
        task_ids = {instance.task_id for instance in self._instances.values() if instance.dag_id == body["dag_id"]}
        members = {task_id for task_id in task_ids if task_id.startswith(f"{group}.")}
        if not members:
            raise api_error(404, "not_found", f"The Dag {body['dag_id']!r} has no task group {group!r}")
        return self._filter(body, members)

    def _logical_date(self, instance: TaskInstanceRecord) -> datetime | None:
        return self._runs.get_logical_date(instance.dag_id, instance.run_id)

    def _instance_body(self, instance: TaskInstanceRecord) -> dict[str, Any]:
        return {
            "task_id": instance.task_id,
            "dag_id": instance.dag_id,
            "run_id": instance.run_id,
            "logical_date": self._logical_date(instance),
            "start_date": instance.start_date,
            "end_date": instance.end_date,
            "state": instance.state,
            "try_number": instance.try_number,
            "map_index": instance.map_index,
            "duration": _duration_s(instance),
        }


def _duration_s(instance: TaskInstanceRecord) -> float | None:
    if instance.start_date is None or instance.end_date is None:
        return None
    return (instance.end_date - instance.start_date).total_seconds()
