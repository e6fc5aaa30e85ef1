"""The icons, the classes and the order of states in the report. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dagfloe.constants import (
    AWAITING_INPUT,
    DEFERRED,
    FAILED,
    QUEUED,
    REMOVED,
    RUNNING,
    SKIPPED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
    UPSTREAM_FAILED,
)
from dagfloe.local.schedule.dag_result import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The state that the page shows for a task instance without a state.
NOT_RUN = "not_run"
#: The icons of states: SVG paths in a square of 16. If a task's instances differ, the first state here is the
#: state of the task.
ICONS = {
    FAILED: "M4 4l8 8M12 4l-8 8",
    UPSTREAM_FAILED: "M13.5 8H3M7 4L3 8l4 4",
    INTERRUPTED: "M4.5 4.5h7v7h-7z",
    RUNNING: "M5 3.5v9l7-4.5z",
    QUEUED: "M3 4.5h10M3 8h10M3 11.5h10",
    UP_FOR_RETRY: "M12.6 9.5A5 5 0 1 1 11.4 4.3M12.5 2v3.2H9.3",
    UP_FOR_RESCHEDULE: "M8 2.8a5.2 5.2 0 1 0 .01 0M8 5v3.3l2.2 1.6",
    DEFERRED: "M5.8 3.5v9M10.2 3.5v9",
    AWAITING_INPUT: "M8 3a2.3 2.3 0 1 0 .01 0M3 13.3c.8-4 9.2-4 10 0",
    NOT_RUN: "M8 3.5a4.5 4.5 0 1 0 .01 0",
    SUCCESS: "M3 8.6l3.4 3.4L13 4.6",
    SKIPPED: "M3 4l4.5 4L3 12M8.5 4l4.5 4-4.5 4",
    REMOVED: "M3.5 8h9",
}
_ORDER = {state: position for position, state in enumerate(ICONS)}


def get_displayed_state(instance: Mapping[str, Any]) -> str:
    """Return a task instance's state, or `not_run` if it has none."""
    return instance["state"] or NOT_RUN


def state_class(state: str) -> str:
    """Return the CSS class that gives a state its color."""
    return f"state-{state if state in ICONS else 'other'}"


def icon_id(state: str) -> str:
    """Return the id of a state's icon. Unknown states have the icon of `not_run`."""
    return f"icon-{state if state in ICONS else NOT_RUN}"


def find_worst_state(states: Iterable[str]) -> str:
    """Return the state that stands for several."""
    return min(states, key=_position, default=NOT_RUN)


def count_states(states: Iterable[str]) -> list[tuple[str, int]]:
    """Return the states with their numbers, in a fixed order."""
    return sorted(Counter(states).items(), key=lambda item: (_position(item[0]), item[0]))


def _position(state: str) -> int:
    return _ORDER.get(state, -1)
