"""The rules for schedules, time zones and dates."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dagfloe.authoring.scheduling.dag_options import RUN_TYPES
from dagfloe.native.rules.values import MAX_DURATION_S, date_problems, parse_date
from dagfloe.native.timetables import CONTINUOUS, CRON_PRESETS, ONCE
from dagfloe.runtime.process.host import is_frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MIN_INTERVAL_S = 1.0
_MAX_OFFSET_S = 86400
#: How many fields a cron expression has: five, and then perhaps seconds and years.
_FIELDS = (5, 6, 7)
#: croniter chooses a time for each `R`, and another one the next time.
_RANDOM = re.compile(r"(?i)(?<![a-z])r(?![a-z])")


def schedule_problems(where: str, declared: Mapping[str, Any]) -> Iterator[str]:
    """Describe the problems of a Dag's schedule, its dates and what depends on them.

    Args:
        where: the Dag.
        declared: its declaration.
    """
    schedule = declared.get("schedule")
    if isinstance(schedule, str):
        yield from _cron_problems(where, schedule)
    elif isinstance(schedule, dict) and "interval_s" in schedule:
        if not _MIN_INTERVAL_S <= schedule["interval_s"] <= MAX_DURATION_S:
            yield f"{where}: the schedule's interval is {schedule['interval_s']} s: use 1 second to 100 years"
    elif isinstance(schedule, dict) and not schedule.get("assets", True):
        yield f"{where}: the schedule lists no asset: name one, or leave the schedule out"
    if schedule == CONTINUOUS and declared.get("max_active_runs") != 1:
        yield f"{where}: the schedule '@continuous' allows one run at a time: pass max_active_runs=1"
    yield from _timezone_problems(where, declared.get("timezone", "UTC"))
    for name in ("start_date", "end_date"):
        yield from date_problems(where, declared, name)
    yield from order_problems(where, declared)
    if schedule is not None and declared.get("catchup") and "start_date" not in declared:
        yield f"{where}: catchup needs a start_date: pass one"
    yield from _run_type_problems(where, declared)


def order_problems(where: str, declared: Mapping[str, Any]) -> Iterator[str]:
    """Describe dates in the wrong order."""
    start, end = (parse_date(declared.get(name, "")) for name in ("start_date", "end_date"))
    if start and end and start > end:
        yield f"{where}: the start_date {declared['start_date']} is after the end_date {declared['end_date']}"


def _cron_problems(where: str, schedule: str) -> Iterator[str]:
    if schedule in (ONCE, CONTINUOUS):
        return
    expression = CRON_PRESETS.get(schedule, schedule)
    try:
        from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 - few Dags have a cron expression
    except ImportError:
        if not is_frozen():
            raise
        fields = len(expression.split())  # a bundle file has croniter only if the author's project needs it
        if fields not in _FIELDS and not expression.startswith("@"):
            yield _not_cron(where, schedule, f"its number of fields is {fields}")
        return
    try:
        croniter(expression, datetime(2026, 1, 1)).get_next()  # noqa: DTZ001 - Airflow passes such dates
    except CroniterBadDateError:
        yield f"{where}: the schedule {schedule!r} has no next date: correct the cron expression"
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        yield _not_cron(where, schedule, str(error).rstrip("."))
    else:
        if _RANDOM.search(expression):
            yield f"{where}: Airflow would draw the times of the schedule {schedule!r} again and again: replace the `R`"


def _not_cron(where: str, schedule: str, reason: str) -> str:
    presets = ", ".join([*CRON_PRESETS, ONCE, CONTINUOUS])
    return (
        f"{where}: the schedule {schedule!r} is not a cron expression: {reason}. Use five fields, or one of {presets}"
    )


def _timezone_problems(where: str, zone: str | int) -> Iterator[str]:
    if isinstance(zone, int):
        if abs(zone) >= _MAX_OFFSET_S:
            yield f"{where}: the time zone has an offset of {zone} s: use less than a day"
        return
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few Dags have a time zone

    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        yield f"{where}: the time zone {zone!r} is unknown: use a name from the IANA database, such as Europe/Berlin"


def _run_type_problems(where: str, declared: Mapping[str, Any]) -> Iterator[str]:
    allowed, schedule = declared.get("allowed_run_types"), declared.get("schedule")
    if not allowed:
        return
    for name in allowed:
        if name not in RUN_TYPES:
            yield f"{where}: the run type {name!r} in allowed_run_types is unknown: use {', '.join(RUN_TYPES)}"
    is_triggered = isinstance(schedule, dict) and "interval_s" not in schedule
    needed = "manual" if schedule is None else "asset_triggered" if is_triggered else "scheduled"
    if needed not in allowed:
        yield f"{where}: allowed_run_types lacks {needed!r}, which its schedule needs: add it"
