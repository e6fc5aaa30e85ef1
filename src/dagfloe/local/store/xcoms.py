"""The store's XComs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.local.store.replies import Reply, failed, key_of, lookup_error, refused, refused_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dagfloe.local.store.dag_runs import RunStore
    from dagfloe.local.store.replies import Serve
    from dagfloe.local.task_run import TaskRun

#: Airflow's default for `[core] max_map_length`.
_MAX_MAP_LENGTH = 1024


class XComKey(NamedTuple):
    """Where an XCom is."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str


class XComStore:
    """XComs by place, in the order of writing.

    Args:
        runs: knows when the Dag runs are.
    """

    def __init__(self, runs: RunStore) -> None:
        self.xcoms: dict[XComKey, Any] = {}
        self._runs = runs

    def served(self) -> dict[str, Serve]:
        """What it answers, by the request's type."""
        return {
            "DeleteXCom": self._delete,
            "GetXCom": self._get,
            "GetXComCount": self._count,
            "GetXComSequenceItem": self._item,
            "GetXComSequenceSlice": self._slice,
            "SetXCom": self._set,
        }

    def _get(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        wanted = _place(body)
        found = [place for place in self._rows(body) if place.map_index == wanted.map_index]
        value = self.xcoms[found[-1]] if found else None
        return Reply({"type": "XComResult", "key": wanted.key, "value": value})

    def _set(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        if not is_finite(body["value"]):
            raise failed("ValueError", "Out of range float values are not JSON compliant")
        if (body.get("mapped_length") or 0) > _MAX_MAP_LENGTH:
            raise refused(
                400, "unmappable_return_value_length", f"{body['mapped_length']} mapped task instances are too many"
            )
        place = _place(body)
        if (place.dag_id, place.run_id) not in self._runs.runs:
            raise refused_text(404, f"The Dag {place.dag_id!r} has no run {place.run_id!r}")
        self.xcoms.pop(place, None)  # so that the order is that of the last writing
        self.xcoms[place] = body["value"]
        return Reply()

    def _delete(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self.xcoms.pop(_place(body), None)
        return Reply()

    def _count(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        return Reply({"type": "XComCountResponse", "len": len(self._rows(body))})

    def _item(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        rows = sorted(self._rows(body), key=_by_map_index)
        offset = body["offset"]
        if not -len(rows) <= offset < len(rows):
            names = ("dag_id", "run_id", "task_id", "key", "offset")
            return lookup_error("XCOM_NOT_FOUND", {name: body[name] for name in names})
        return Reply({"type": "XComSequenceIndexResult", "root": self.xcoms[rows[offset]]})

    def _slice(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        rows = sorted(self._rows(body), key=_by_map_index)
        wanted = slice(body["start"], body["stop"], body["step"] or None)  # a step of 0 means 1
        return Reply({"type": "XComSequenceSliceResult", "root": [self.xcoms[place] for place in rows[wanted]]})

    def _rows(self, body: Mapping[str, Any]) -> list[XComKey]:
        """The XComs of a task in a run, of all map indexes; with prior dates those of earlier runs, too, before them.

        A run of which nothing is known counts as an earlier one.
        """
        if body.get("previous_iteration"):
            raise refused_text(400, "The task is in no loop, so there is no previous iteration")
        run_id = body["run_id"]
        wanted = (body["dag_id"], body["task_id"], key_of(body))
        found = [place for place in self.xcoms if (place.dag_id, place.task_id, place.key) == wanted]
        if not body.get("include_prior_dates"):
            return [place for place in found if place.run_id == run_id]
        dates = {place.run_id: self._runs.date_of(place.dag_id, place.run_id) for place in found}
        limit = self._runs.date_of(body["dag_id"], run_id)
        earlier = [place for place in found if place.run_id == run_id or _is_until(dates[place.run_id], limit)]

        def age(place: XComKey) -> tuple[bool, float]:
            date = dates[place.run_id]
            return place.run_id == run_id, -math.inf if date is None else date.timestamp()

        return sorted(earlier, key=age)


def is_finite(value: Any) -> bool:
    """Whether no float in a value is infinite or not a number, which JSON does not have."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return False
        pending += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return True


def _place(body: Mapping[str, Any]) -> XComKey:
    """The place that a request names; Airflow takes every map index below 0 as -1."""
    map_index = body.get("map_index")
    return XComKey(
        body["dag_id"], body["run_id"], body["task_id"], -1 if map_index is None else max(-1, map_index), key_of(body)
    )


def _by_map_index(place: XComKey) -> int:
    return place.map_index


def _is_until(date: datetime | None, limit: datetime | None) -> bool:
    return date is None or limit is None or date <= limit
