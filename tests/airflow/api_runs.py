"""Answers about several Dag runs: `dag_runs` of a request for a run."""

from __future__ import annotations

from typing import Any

from api_dates import parse_date


def count(runs: dict[str, dict[str, Any]], query: Any) -> int:
    """Count the runs that match a query; `query` is of httpx."""
    run_ids, states = query.get_list("run_ids"), query.get_list("states")
    return sum(
        dag_id == query["dag_id"] and (not run_ids or run_id in run_ids) and (not states or run["state"] in states)
        for dag_id, run_id, run in _all(runs)
    )


def previous(runs: dict[str, dict[str, Any]], query: Any) -> tuple[str, dict[str, Any]] | None:
    """Return the run_id and the fields of the last run before a date."""
    limit = parse_date(query["logical_date"])
    earlier = [
        (run_id, run)
        for dag_id, run_id, run in _all(runs)
        if dag_id == query["dag_id"] and run.get("logical_date") and parse_date(run["logical_date"]) < limit
        if "state" not in query or run["state"] == query["state"]
    ]
    return max(earlier, key=lambda item: parse_date(item[1]["logical_date"])) if earlier else None


def _all(runs: dict[str, dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(*name.split("/", 1), run) for name, run in runs.items()]  # type: ignore[misc]
