"""The timeline of a Dag run: rows of task instances, with bars for tries, on an axis of time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dagfloe.constants import SUCCESS
from dagfloe.local.report.labels import format_duration, format_instance_name
from dagfloe.local.report.state_icons import get_displayed_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    TaskInstance = Mapping[str, Any]

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MAX_TICKS = 8
_MIN_WIDTH = 0.4  # percent; a narrower bar is not visible


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis, at `x` percent of its length."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Span:
    """A try or a wait. `x` and `width` are percent of the axis."""

    state: str
    x: float
    width: float
    title: str

    @property
    def is_success(self) -> bool:
        """Whether it ended in success."""
        return self.state == SUCCESS


@dataclass(frozen=True, slots=True)
class Row:
    """A task instance.

    Attributes:
        name: of the task instance.
        state: its state.
        number: the position of its task in the Dag; None if the Dag does not have the task.
        waits: between the tries.
        tries: its tries.
        description: what screen readers say, and what the row shows if there was no try.
    """

    name: str
    state: str
    number: int | None
    waits: list[Span]
    tries: list[Span]
    description: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All task instances over time."""

    ticks: list[Tick]
    rows: list[Row]


def choose_tick_times(seconds: float) -> list[float]:
    """Return the times on an axis, in seconds: round ones, at most nine, from 0 on."""
    small_steps = (digit / 10**power for power in (3, 2, 1) for digit in (1, 2, 5))
    long_step = 86400.0 * (seconds // 86400 // 4 + 1)
    step = next((float(step) for step in (*small_steps, *_STEPS_S) if seconds / step < _MAX_TICKS), long_step)
    return [step * number for number in range(int(seconds / step) + 1)]


def draw_timeline(instances: Sequence[TaskInstance], numbers: Mapping[str, int], seconds: float) -> Timeline:
    """Draw the timeline.

    Args:
        instances: the task instances.
        numbers: the positions of the tasks in the Dag.
        seconds: how long the Dag run took.
    """
    ends = [attempt["began_s"] + attempt["seconds"] for instance in instances for attempt in instance["tries"]]
    length_s = max([seconds, *ends]) or 1.0
    times = choose_tick_times(length_s)
    return Timeline(
        ticks=[Tick(100 * time / length_s, _tick_label(time, times[-1])) for time in times],
        rows=[_draw_row(instance, numbers, length_s) for instance in instances],
    )


def _tick_label(time: float, last_time: float) -> str:
    if not time:
        return "0"
    for unit, unit_s, min_s in (("d", 86400, 172800), ("h", 3600, 7200), ("min", 60, 120), ("s", 1, 1)):
        if last_time >= min_s:
            return f"{time / unit_s:.4g} {unit}"
    return f"{time * 1000:.4g} ms"


def _draw_row(instance: TaskInstance, numbers: Mapping[str, int], length_s: float) -> Row:
    name, tries = format_instance_name(instance), instance["tries"]
    not_run = f"{instance['state']}, not run" if instance["state"] else "not run"
    return Row(
        name=name,
        state=get_displayed_state(instance),
        number=numbers.get(instance["task_id"]),
        waits=[_draw_wait(before, after, length_s) for before, after in pairwise(tries)],
        tries=[_draw_try(name, attempt, length_s) for attempt in tries],
        description="; ".join(_describe(attempt) for attempt in tries) or not_run,
    )


def _describe(attempt: Mapping[str, Any]) -> str:
    return (
        f"try {attempt['try_number']}: {attempt['state']}, "
        f"from {format_duration(attempt['began_s'])} on, for {format_duration(attempt['seconds'])}"
    )


def _draw_try(name: str, attempt: Mapping[str, Any], length_s: float) -> Span:
    width = max(_MIN_WIDTH, 100 * attempt["seconds"] / length_s)
    error = f"\n{attempt['error']}" if attempt["error"] else ""
    return Span(
        state=attempt["state"],
        x=min(100 * attempt["began_s"] / length_s, 100 - width),
        width=width,
        title=f"{name}\n{_describe(attempt)}{error}",
    )


def _draw_wait(before: Mapping[str, Any], after: Mapping[str, Any], length_s: float) -> Span:
    start = before["began_s"] + before["seconds"]
    seconds = max(0.0, after["began_s"] - start)
    return Span(
        state=before["state"],
        x=100 * start / length_s,
        width=100 * seconds / length_s,
        title=f"{before['state']}: waits {format_duration(seconds)}",
    )
