"""What the API server tells of several Dag runs: of `dag_runs` of a request for a run."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def count(runs: dict[str, dict[str, Any]], query: Any) -> int:
    """How many runs a query of `count` wants; `query` is httpx's."""
    run_ids, states = query.get_list("run_ids"), query.get_list("states")
    return sum(
        dag_id == query["dag_id"] and (not run_ids or run_id in run_ids) and (not states or run["state"] in states)
        for dag_id, run_id, run in _all(runs)
    )


def previous(runs: dict[str, dict[str, Any]], query: Any) -> tuple[str, dict[str, Any]] | None:
    """The run_id and the fields of the last run before a date."""
    limit = _moment(query["logical_date"])
    found = [
        (run_id, run)
        for dag_id, run_id, run in _all(runs)
        if dag_id == query["dag_id"] and run.get("logical_date") and _moment(run["logical_date"]) < limit
        if "state" not in query or run["state"] == query["state"]
    ]
    return max(found, key=lambda each: _moment(each[1]["logical_date"])) if found else None


def _all(runs: dict[str, dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(*name.split("/", 1), run) for name, run in runs.items()]  # type: ignore[misc]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
