"""What the API server tells of other task instances, of a list of them: `task_instances` of a request for a run.

Each holds task_id and run_id, and may hold dag_id, map_index, state, operator, start_date, end_date, logical_date (of
its Dag run) and try_number.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

_ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")


class Instances:
    """Task instances, and the server's questions to them.

    Args:
        given: the task instances.
        dag_id: the Dag of those that name none.
    """

    def __init__(self, given: list[dict[str, Any]], dag_id: str) -> None:
        usual = {"dag_id": dag_id, "map_index": -1, "state": None, "operator": "_StubOperator", "try_number": 1}
        dates = dict.fromkeys(("start_date", "end_date", "logical_date"))
        self._all = [{**usual, **dates, **each} for each in given]

    def found(self, query: Any) -> list[dict[str, Any]]:
        """Those that a query of `count` or `states` wants; `query` is httpx's."""
        wanted = {"task_id": "task_ids", "run_id": "run_ids", "state": "states"}
        lists = {name: query.get_list(names) for name, names in wanted.items() if names in query}
        return [
            each
            for each in self._all
            if each["dag_id"] == query["dag_id"]
            and all(("null" if each[name] is None else each[name]) in values for name, values in lists.items())
            and ("map_index" not in query or each["map_index"] == int(query["map_index"]))
        ]

    def states(self, query: Any) -> dict[str, dict[str, Any]]:
        """The states by run and task."""
        answer: dict[str, dict[str, Any]] = {}
        for each in self.found(query):
            suffix = "" if each["map_index"] < 0 else f"_{each['map_index']}"
            answer.setdefault(each["run_id"], {})[each["task_id"] + suffix] = each["state"]
        return answer

    def breadcrumbs(self, query: Any) -> list[dict[str, Any]]:
        """Those of a run that have ended."""
        ended = [
            each
            for each in self._all
            if (each["dag_id"], each["run_id"]) == (query["dag_id"], query["run_id"]) and each["state"] in _ENDED
        ]
        names = ("task_id", "map_index", "state", "operator")
        ended.sort(key=lambda each: (each["task_id"], each["map_index"]))
        return [{**{name: each[name] for name in names}, "duration": _duration(each)} for each in ended]

    def previous(self, dag_id: str, task_id: str, query: Any) -> dict[str, Any] | None:
        """The last one of a task before a date."""
        found = [
            each
            for each in self._all
            if (each["dag_id"], each["task_id"], each["map_index"]) == (dag_id, task_id, int(query["map_index"]))
            and ("state" not in query or each["state"] == query["state"])
            and ("logical_date" not in query or _is_before(each["logical_date"], query["logical_date"]))
        ]
        if not found:
            return None
        last = max(found, key=lambda each: str(each["logical_date"] or ""))
        return {name: value for name, value in last.items() if name != "operator"} | {"duration": _duration(last)}


def _duration(instance: dict[str, Any]) -> float | None:
    if not (instance["start_date"] and instance["end_date"]):
        return None
    return (_moment(instance["end_date"]) - _moment(instance["start_date"])).total_seconds()


def _is_before(one: str | None, other: str) -> bool:
    return one is not None and _moment(one) < _moment(other)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
