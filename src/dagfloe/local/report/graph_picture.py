"""The picture of a Dag's graph: what its template draws, and where. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from dagfloe.local.report.labels import format_duration, format_state_counts
from dagfloe.local.report.layout import Box, Edge, Node, lay_out
from dagfloe.local.report.state_icons import count_states, find_worst_state, get_displayed_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Task = Mapping[str, Any]
    Instances = Mapping[str, Sequence[Mapping[str, Any]]]

_CHARACTER = 7.3  # the width in the label's font, which is monospaced and has 12 px
_SMALL_CHARACTER = 6.4
_STATE_CHARACTER = 6.0
_MARGIN = 12.0
_MIN_WIDTH, _MAX_CHARACTERS = 164.0, 32
_HEIGHT, _MAPPED_HEIGHT = 50.0, 70.0
_PILL_HEIGHT = 15.0


@dataclass(frozen=True, slots=True)
class GroupPicture:
    """A task group: a box with a label."""

    name: str
    label: str
    box: Box


@dataclass(frozen=True, slots=True)
class EdgePicture:
    """A line from an upstream task to a task, both by number; `path` is an SVG path."""

    path: str
    upstream: int
    task: int


@dataclass(frozen=True, slots=True)
class StatePart:
    """The part of a mapped task's bar that stands for one state. `label` is shown if it fits."""

    state: str
    title: str
    label: str | None
    box: Box


@dataclass(frozen=True, slots=True)
class TaskPicture:
    """A task.

    Attributes:
        number: the task's position in the Dag.
        label: the task_id, shortened.
        state: the state that stands for all its task instances.
        description: what the title and screen readers say, part by part.
        box: where it is.
        is_mapped: whether the task is mapped.
        duration: how long its processes ran together; None if none ran.
        parts: the bar of a mapped task, by states.
        kind: what kind of task it is, such as `branch`, for the pill; None for an ordinary task.
        pill: where the pill is.
    """

    number: int
    label: str
    state: str
    description: list[str]
    box: Box
    is_mapped: bool
    duration: str | None
    parts: list[StatePart]
    kind: str | None
    pill: Box


@dataclass(frozen=True, slots=True)
class GraphPicture:
    """The whole graph: tasks with their states, kinds and durations, groups as boxes, and edges."""

    width: float
    height: float
    groups: list[GroupPicture]
    edges: list[EdgePicture]
    tasks: list[TaskPicture]


def draw_graph(tasks: Sequence[Task], instances: Instances) -> GraphPicture:
    """Draw the graph of a Dag.

    Args:
        tasks: the tasks.
        instances: the task instances by task_id.
    """
    labels = {task["task_id"]: _shorten(_label(task), _MAX_CHARACTERS) for task in tasks}
    width = max([_MIN_WIDTH, *(_CHARACTER * _count_cells(label) + 2 * _MARGIN for label in labels.values())])
    layout = lay_out(
        [
            Node(
                task["task_id"],
                _groups(task),
                tuple(task["upstream"]),
                width,
                _MAPPED_HEIGHT if task["is_mapped"] else _HEIGHT,
            )
            for task in tasks
        ]
    )
    numbers = {task["task_id"]: number for number, task in enumerate(tasks)}
    return GraphPicture(
        width=layout.width,
        height=layout.height,
        groups=[_draw_group(name, box) for name, box in layout.groups.items()],
        edges=[EdgePicture(_path(edge), numbers[edge.upstream], numbers[edge.task_id]) for edge in layout.edges],
        tasks=[
            _draw_task(
                task,
                numbers[task["task_id"]],
                labels[task["task_id"]],
                layout.nodes[task["task_id"]],
                instances.get(task["task_id"], ()),
            )
            for task in tasks
        ],
    )


def _groups(task: Task) -> tuple[str, ...]:
    return tuple(accumulate(task["group"].split("."), "{}.{}".format)) if task["group"] else ()


def _label(task: Task) -> str:
    task_id = str(task["task_id"])
    return task_id.removeprefix(f"{task['group']}.") if task["group"] else task_id


def _count_cells(label: str) -> int:
    """Return the width of a label in characters of a monospaced font."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in label)


def _shorten(label: str, max_cells: int) -> str:
    while _count_cells(label) > max_cells:
        label = label[:-2] + "…"
    return label


def _draw_group(name: str, box: Box) -> GroupPicture:
    return GroupPicture(name, _shorten(name.rpartition(".")[2], int((box.width - 2 * _MARGIN) / _CHARACTER)), box)


def _path(edge: Edge) -> str:
    (x, y), *points = edge.points
    path = [f"M{x:.1f} {y:.1f}"]
    for number, (to_x, to_y) in enumerate(points):
        bend = max(24.0, abs(to_x - x) / 2)
        curve = f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        path.append(f"H{to_x:.1f}" if number % 2 else curve)
        x, y = to_x, to_y
    return "".join(path)


def _draw_task(task: Task, number: int, label: str, box: Box, instances: Sequence[Mapping[str, Any]]) -> TaskPicture:
    states = [get_displayed_state(instance) for instance in instances]
    state = find_worst_state(states)
    has_run = any(instance["tries"] for instance in instances)
    seconds = sum(attempt["seconds"] for instance in instances for attempt in instance["tries"])
    kinds = [] if task["kind"] == "task" else [task["kind"].replace("_", " ")]
    if task["is_mapped"]:
        kinds.append(f"{len(instances)} mapped")
    kind = " · ".join(kinds)
    pill_width = _SMALL_CHARACTER * len(kind) + 12
    return TaskPicture(
        number=number,
        label=label,
        state=state,
        description=[
            task["task_id"],
            *kinds,
            format_state_counts(states) or state,
            *([format_duration(seconds)] if has_run else []),
            f"trigger rule {task['trigger_rule']}",
        ],
        box=box,
        is_mapped=task["is_mapped"],
        duration=format_duration(seconds) if has_run else None,
        parts=_split_bar(states, Box(box.x + _MARGIN, box.y + 48, box.width - 2 * _MARGIN, 13)),
        kind=kind or None,
        pill=Box(box.x + box.width - pill_width - 10, box.y - _PILL_HEIGHT / 2, pill_width, _PILL_HEIGHT),
    )


def _split_bar(states: Sequence[str], bar: Box) -> list[StatePart]:
    """Split a bar into parts by state. A part's width shows how many task instances have the state."""
    parts, x = [], bar.x
    for state, count in count_states(states):
        width = bar.width * count / len(states)
        title = f"{count} {state}"
        labels = (label for label in (title, str(count)) if _count_cells(label) * _STATE_CHARACTER < width - 4)
        parts.append(StatePart(state, title, next(labels, None), Box(x, bar.y, width, bar.height)))
        x += width
    return parts
