"""Formats durations, dates, names of task instances and errors for the report. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dagfloe.local.report.state_icons import count_states

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def format_duration(seconds: float) -> str:
    """Return a duration in its two largest units, such as `1 min 05 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02d} h"
    return f"{hours} h {minute:02d} min" if hours else f"{minute} min {second:02d} s"


def format_date(date: str) -> str:
    """Return an ISO 8601 date for people. Any other string is returned unchanged."""
    try:
        parsed = datetime.fromisoformat(date.replace("Z", "+00:00"))
    except ValueError:
        return date
    return f"{parsed:%Y-%m-%d %H:%M:%S} {parsed.tzname() or ''}".rstrip()


def format_state_counts(states: Iterable[str]) -> str:
    """Return the numbers of states, such as `2 failed, 10 success`."""
    return ", ".join(f"{count} {state}" for state, count in count_states(states))


def format_instance_name(instance: Mapping[str, Any]) -> str:
    """Return a task instance's task_id, with its map index and label if it is mapped."""
    return str(instance["task_id"]) + (f" [{format_index(instance)}]" if instance["map_index"] >= 0 else "")


def format_index(instance: Mapping[str, Any]) -> str:
    """Return a mapped task instance's map index and label; empty if it is not mapped."""
    if instance["map_index"] < 0:
        return ""
    return str(instance["map_index"]) + (f" · {instance['label']}" if instance["label"] else "")


def count_tries(instance: Mapping[str, Any]) -> int:
    """Return the number of tries. A process that resumes after a deferral belongs to the same try."""
    return len({attempt["try_number"] for attempt in instance["tries"]})


def list_errors(instance: Mapping[str, Any]) -> list[str]:
    """Return the errors of a task instance: one for every failed try, and the reason why it did not run."""
    has_several_tries = count_tries(instance) > 1
    failed = [attempt for attempt in instance["tries"] if attempt["error"]]
    errors = [(f"try {attempt['try_number']}: " if has_several_tries else "") + attempt["error"] for attempt in failed]
    note = instance.get("error")
    return errors if note is None or any(attempt["error"] == note for attempt in failed) else [*errors, note]
