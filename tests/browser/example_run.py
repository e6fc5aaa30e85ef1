"""An example of a Dag run with all states and shapes that the report shows."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

START_DATE = datetime(2026, 3, 1, 6, 0, tzinfo=timezone.utc)
TRACEBACK = """Traceback (most recent call last):
  File "tasks.py", line 31, in load
    connection.execute(statement, rows)
  File "warehouse.py", line 88, in execute
    raise TimeoutError("the warehouse did not answer within 5 s")
TimeoutError: the warehouse did not answer within 5 s
"""


def record(at: float, event: str, level: str = "info", **rest: Any) -> dict[str, Any]:
    """Return a log record, `at` seconds after the start of the run."""
    fixed = {
        "time": (START_DATE + timedelta(seconds=at)).isoformat(),
        "level": level,
        "logger": "sales.tasks",
        "event": event,
    }
    return {**fixed, "fields": rest.pop("fields", {}), "exception": rest.pop("exception", None)}


def attempt(number: int, state: str, began: float, seconds: float, **rest: Any) -> dict[str, Any]:
    """Return a try."""
    fixed = {"try_number": number, "state": state, "began_s": began, "seconds": seconds}
    records = [record(began + 0.002, f"try {number} starts", "debug"), *rest.get("records", [])]
    return {**fixed, "error": rest.get("error"), "records": records}


def task(task_id: str, *upstream: str, **rest: Any) -> dict[str, Any]:
    """Return a task of the Dag."""
    defaults = {"task_id": task_id, "kind": "task", "group": None, "trigger_rule": "all_success", "is_mapped": False}
    return {**defaults, "upstream": list(upstream), **rest}


def instance(task_id: str, state: str, *tries: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Return a task instance."""
    defaults = {"task_id": task_id, "map_index": -1, "label": None, "state": state, "xcoms": {}}
    return {**defaults, **rest, "tries": list(tries)}


def example_run() -> dict[str, Any]:
    """Return a run with many states, mapping, retries, a deferral, a reschedule, a branch and nested groups."""
    regions = ("north", "south", "east", "west", "online", "partners")
    rows = [record(0.4 + n / 50, f"read page {n} of orders", fields={"rows": "500", "page": str(n)}) for n in range(40)]
    return {
        "dag_id": "sales",
        "run_id": "manual__2026-03-01T06:00:00+00:00",
        "state": "failed",
        "bundle": "dist/linux-x86_64/sales",
        "began": START_DATE.isoformat(),
        "seconds": 19.4,
        "jobs": 4,
        "tasks": [
            task("extract"),
            task("wait_for_rates"),
            task("prepare.clean", "extract", group="prepare"),
            task("prepare.enrich.join_rates", "prepare.clean", "wait_for_rates", group="prepare.enrich"),
            task("prepare.enrich.geocode", "prepare.clean", group="prepare.enrich"),
            task("choose", "prepare.enrich.join_rates", "prepare.enrich.geocode", kind="branch"),
            task("per_region", "choose", is_mapped=True),
            task("full_reload", "choose"),
            task("only_weekdays", "extract", kind="short_circuit"),
            task("load", "per_region"),
            task("publish", "load", "only_weekdays"),
            task("tell_owner", "extract", "publish", trigger_rule="all_done"),
        ],
        "instances": [
            instance(
                "extract", "success", attempt(1, "success", 0.2, 2.1, records=rows), xcoms={"return_value": "20000"}
            ),
            instance(
                "wait_for_rates",
                "success",
                attempt(1, "deferred", 0.2, 0.5),
                attempt(1, "success", 4.1, 0.4),
                xcoms={"return_value": '{"EUR": 1.0, "USD": 1.08}'},
            ),
            instance("prepare.clean", "success", attempt(1, "success", 2.4, 1.2), xcoms={"rows": "19870"}),
            instance("prepare.enrich.join_rates", "success", attempt(1, "success", 4.6, 0.8)),
            instance(
                "prepare.enrich.geocode",
                "success",
                attempt(1, "up_for_reschedule", 3.7, 0.2),
                attempt(1, "success", 5.0, 1.3),
            ),
            instance(
                "choose",
                "success",
                attempt(1, "success", 6.4, 0.1),
                xcoms={"skipmixin_key": '{"followed": ["per_region"]}'},
            ),
            *(
                instance(
                    "per_region",
                    "failed" if region == "west" else "skipped" if region == "partners" else "success",
                    attempt(
                        1,
                        "failed" if region == "west" else "skipped" if region == "partners" else "success",
                        6.6 + index * 0.4,
                        1.0 + index * 0.3,
                        error="ValueError: west has no prices for 2026-02-28" if region == "west" else None,
                        records=[
                            record(
                                6.7 + index * 0.4, f"{region}: {index * 7} rows", "warning" if index == 2 else "info"
                            )
                        ],
                    ),
                    map_index=index,
                    label=region,
                )
                for index, region in enumerate(regions)
            ),
            instance("full_reload", "skipped"),
            instance("only_weekdays", "success", attempt(1, "success", 2.5, 0.02), xcoms={"return_value": "true"}),
            instance(
                "load",
                "failed",
                attempt(
                    1,
                    "up_for_retry",
                    10.2,
                    2.0,
                    error="TimeoutError: the warehouse did not answer within 5 s",
                    records=[record(12.1, "the warehouse is slow", "error", exception=TRACEBACK)],
                ),
                attempt(
                    2,
                    "failed",
                    15.2,
                    3.1,
                    error="TimeoutError: the warehouse did not answer within 5 s",
                    records=[record(18.2, "the load failed", "critical", exception=TRACEBACK)],
                ),
            ),
            instance("publish", "upstream_failed"),
            instance("tell_owner", "success", attempt(1, "success", 18.5, 0.7)),
        ],
    }
