"""The other task instances that the API server has: `task_instances` of a request for a run.

A task instance has task_id and run_id. It may have dag_id, map_index, state, operator, start_date, end_date,
logical_date (of its Dag run) and try_number.
"""

from __future__ import annotations

from typing import Any

from api_dates import parse_date

_ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")


class TaskInstances:
    """Answers requests for task instances.

    Args:
        instances: the task instances.
        dag_id: the Dag of task instances without a dag_id.
    """

    def __init__(self, instances: list[dict[str, Any]], dag_id: str) -> None:
        defaults = {"dag_id": dag_id, "map_index": -1, "state": None, "operator": "_StubOperator", "try_number": 1}
        dates = dict.fromkeys(("start_date", "end_date", "logical_date"))
        self._instances = [{**defaults, **dates, **instance} for instance in instances]

    def find(self, query: Any) -> list[dict[str, Any]]:
        """Find the task instances that match a query of `count` or `states`; `query` is of httpx."""
        parameters = {"task_id": "task_ids", "run_id": "run_ids", "state": "states"}
        lists = {name: query.get_list(names) for name, names in parameters.items() if names in query}
        return [
            instance
            for instance in self._instances
            if instance["dag_id"] == query["dag_id"]
            and all(("null" if instance[name] is None else instance[name]) in values for name, values in lists.items())
            and ("map_index" not in query or instance["map_index"] == int(query["map_index"]))
        ]

    def states(self, query: Any) -> dict[str, dict[str, Any]]:
        """Return the states, by run and task."""
        answer: dict[str, dict[str, Any]] = {}
        for instance in self.find(query):
            suffix = "" if instance["map_index"] < 0 else f"_{instance['map_index']}"
            answer.setdefault(instance["run_id"], {})[instance["task_id"] + suffix] = instance["state"]
        return answer

    def breadcrumbs(self, query: Any) -> list[dict[str, Any]]:
        """Return the ended task instances of a run."""
        ended = [
            instance
            for instance in self._instances
            if (instance["dag_id"], instance["run_id"]) == (query["dag_id"], query["run_id"])
            and instance["state"] in _ENDED
        ]
        names = ("task_id", "map_index", "state", "operator")
        ended.sort(key=lambda instance: (instance["task_id"], instance["map_index"]))
        return [{**{name: instance[name] for name in names}, "duration": _duration(instance)} for instance in ended]

    def previous(self, dag_id: str, task_id: str, query: Any) -> dict[str, Any] | None:
        """Return the last task instance of a task before a date."""
        earlier = [
            instance
            for instance in self._instances
            if (instance["dag_id"], instance["task_id"], instance["map_index"])
            == (dag_id, task_id, int(query["map_index"]))
            and ("state" not in query or instance["state"] == query["state"])
            and ("logical_date" not in query or _is_before(instance["logical_date"], query["logical_date"]))
        ]
        if not earlier:
            return None
        last = max(earlier, key=lambda instance: str(instance["logical_date"] or ""))
        return {name: value for name, value in last.items() if name != "operator"} | {"duration": _duration(last)}


def _duration(instance: dict[str, Any]) -> float | None:
    if not (instance["start_date"] and instance["end_date"]):
        return None
    return (parse_date(instance["end_date"]) - parse_date(instance["start_date"])).total_seconds()


def _is_before(date: str | None, limit: str) -> bool:
    return date is not None and parse_date(date) < parse_date(limit)
