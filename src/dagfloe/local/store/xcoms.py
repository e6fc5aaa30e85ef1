"""The store's XComs."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.local.store.replies import (
    Reply,
    api_error,
    get_key,
    not_found_reply,
    plain_api_error,
    supervisor_error,
)
from dagfloe.local.store.saved_items import SavedItem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from dagfloe.local.store.dag_runs import RunStore
    from dagfloe.local.store.replies import Handler
    from dagfloe.local.store.saved_items import Restore
    from dagfloe.local.task_run import TaskRun

#: Airflow's default for `[core] max_map_length`.
_MAX_MAP_LENGTH = 1024


class XComKey(NamedTuple):
    """Identifies an XCom."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str


class XComStore:
    """XComs.

    Args:
        runs: knows the dates of the Dag runs.

    Attributes:
        xcoms: values by key, in the order in which they were written.
    """

    def __init__(self, runs: RunStore) -> None:
        self.xcoms: dict[XComKey, Any] = {}
        self._runs = runs

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the type of the request."""
        return {
            "DeleteXCom": self._delete,
            "GetXCom": self._get,
            "GetXComCount": self._count,
            "GetXComSequenceItem": self._get_item,
            "GetXComSequenceSlice": self._get_slice,
            "SetXCom": self._set,
        }

    def set(self, key: XComKey, value: Any) -> None:
        """Set an XCom. It becomes the last one in the order of writing."""
        self.xcoms.pop(key, None)
        self.xcoms[key] = value

    def saved_items(self) -> Iterator[SavedItem]:
        """Return the XComs."""
        for key, value in self.xcoms.items():
            yield SavedItem("xcom", key, value)

    def restorers(self) -> dict[str, Restore]:
        """Return the functions that restore saved items, by noun."""
        return {"xcom": lambda key, value: self.set(XComKey(*key), value)}

    def _get(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        requested = _requested_key(body)
        keys = [key for key in self._find(body) if key.map_index == requested.map_index]
        value = self.xcoms[keys[-1]] if keys else None
        return Reply({"type": "XComResult", "key": requested.key, "value": value})

    def _set(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        if not is_finite(body["value"]):
            raise supervisor_error("ValueError", "Out of range float values are not JSON compliant")
        if (body.get("mapped_length") or 0) > _MAX_MAP_LENGTH:
            raise api_error(
                400, "unmappable_return_value_length", f"{body['mapped_length']} mapped task instances are too many"
            )
        key = _requested_key(body)
        if (key.dag_id, key.run_id) not in self._runs.runs:
            raise plain_api_error(404, f"The Dag {key.dag_id!r} has no run {key.run_id!r}")
        self.set(key, body["value"])
        return Reply()

    def _delete(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self.xcoms.pop(_requested_key(body), None)
        return Reply()

    def _count(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        return Reply({"type": "XComCountResponse", "len": len(self._find(body))})

    def _get_item(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        keys = sorted(self._find(body), key=attrgetter("map_index"))
        offset = body["offset"]
        if not -len(keys) <= offset < len(keys):
            names = ("dag_id", "run_id", "task_id", "key", "offset")
            return not_found_reply("XCOM_NOT_FOUND", {name: body[name] for name in names})
        return Reply({"type": "XComSequenceIndexResult", "root": self.xcoms[keys[offset]]})

    def _get_slice(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        keys = sorted(self._find(body), key=attrgetter("map_index"))
        bounds = slice(body["start"], body["stop"], body["step"] or None)  # a step of 0 means 1
        return Reply({"type": "XComSequenceSliceResult", "root": [self.xcoms[key] for key in keys[bounds]]})

    def _find(self, body: Mapping[str, Any]) -> list[XComKey]:
        """Return the keys of a task's XComs in a run, for all map indexes.

        With `include_prior_dates`, those of earlier runs come before them. A run without a record counts as earlier.
        """
        if body.get("previous_iteration"):
            raise plain_api_error(400, "The task is in no loop, so there is no previous iteration")
        run_id = body["run_id"]
        names = (body["dag_id"], body["task_id"], get_key(body))
        keys = [key for key in self.xcoms if (key.dag_id, key.task_id, key.key) == names]
        if not body.get("include_prior_dates"):
            return [key for key in keys if key.run_id == run_id]
        dates = {key.run_id: self._runs.get_date(key.dag_id, key.run_id) for key in keys}
        limit = self._runs.get_date(body["dag_id"], run_id)
        earlier = [key for key in keys if key.run_id == run_id or _is_until(dates[key.run_id], limit)]

        def age(key: XComKey) -> tuple[bool, float]:
            date = dates[key.run_id]
            return key.run_id == run_id, -math.inf if date is None else date.timestamp()

        return sorted(earlier, key=age)


def is_finite(value: Any) -> bool:
    """Whether all floats in a value are finite, so that it has a JSON form."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return False
        pending += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return True


def _requested_key(body: Mapping[str, Any]) -> XComKey:
    """The key that a request names. Airflow treats all negative map indexes as -1."""
    map_index = body.get("map_index")
    return XComKey(
        body["dag_id"], body["run_id"], body["task_id"], -1 if map_index is None else max(-1, map_index), get_key(body)
    )


def _is_until(date: datetime | None, limit: datetime | None) -> bool:
    return date is None or limit is None or date <= limit
