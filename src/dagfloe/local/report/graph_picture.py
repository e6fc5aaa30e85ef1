"""The picture of a Dag's graph. Pure."""

from __future__ import annotations

import unicodedata
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from dagfloe.local.report.layout import Box, Edge, Node, lay_out
from dagfloe.local.report.markup import Html, element, join
from dagfloe.local.report.state_badges import duration, icon, state_class, state_of, tally, tally_text, worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Task = Mapping[str, Any]
    Instances = Mapping[str, Sequence[Mapping[str, Any]]]

_CHARACTER = 7.3  # of the label's font, 12 px and of fixed width
_SMALL_CHARACTER = 6.4
_MARGIN = 12.0
_MIN_WIDTH, _MAX_CHARACTERS = 164.0, 32
_HEIGHT, _MAPPED_HEIGHT = 50.0, 70.0
_PILL_HEIGHT = 15.0


def render_graph(tasks: Sequence[Task], instances: Instances) -> Html:
    """The graph as SVG: each task with its state, kind and duration, groups as boxes, lines from upstream on."""
    labels = {task["task_id"]: _shortened(_label(task), _MAX_CHARACTERS) for task in tasks}
    width = max([_MIN_WIDTH, *(_CHARACTER * _cells(label) + 2 * _MARGIN for label in labels.values())])
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
    return element(
        "svg",
        *(_group(name, box) for name, box in layout.groups.items()),
        *(_line(edge, numbers) for edge in layout.edges),
        *(
            _node(task, numbers[task["task_id"]], labels[task["task_id"]], layout.nodes[task["task_id"]], instances)
            for task in tasks
        ),
        class_="graph",
        role="group",
        aria_label="Graph of the Dag",
        viewBox=f"0 0 {layout.width:g} {layout.height:g}",
        width=layout.width,
        height=layout.height,
    )


def _groups(task: Task) -> tuple[str, ...]:
    return tuple(accumulate(task["group"].split("."), "{}.{}".format)) if task["group"] else ()


def _label(task: Task) -> str:
    task_id = str(task["task_id"])
    return task_id.removeprefix(f"{task['group']}.") if task["group"] else task_id


def _cells(label: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in label)


def _shortened(label: str, cells: int) -> str:
    while _cells(label) > cells:
        label = label[:-2] + "…"
    return label


def _group(name: str, box: Box) -> Html:
    label = _shortened(name.rpartition(".")[2], int((box.width - 2 * _MARGIN) / _CHARACTER))
    return element(
        "g",
        element("title", f"task group {name}"),
        element("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=8),
        element("text", label, x=box.x + _MARGIN, y=box.y + 17),
        class_="group",
    )


def _line(edge: Edge, numbers: Mapping[str, int]) -> Html:
    (x, y), *rest = edge.points
    path = [f"M{x:.1f} {y:.1f}"]
    for number, (to_x, to_y) in enumerate(rest):
        bend = max(24.0, abs(to_x - x) / 2)
        curve = f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        path.append(f"H{to_x:.1f}" if number % 2 else curve)
        x, y = to_x, to_y
    return element(
        "path",
        class_="edge",
        d="".join(path),
        marker_end="url(#arrow)",
        data_from=str(numbers[edge.upstream]),
        data_to=str(numbers[edge.task_id]),
    )


def _node(task: Task, number: int, label: str, box: Box, instances: Instances) -> Html:
    own = instances.get(task["task_id"], ())
    states = [state_of(each) for each in own]
    state = worst(states)
    seconds = sum(each["seconds"] for instance in own for each in instance["tries"])
    ran = any(instance["tries"] for instance in own)
    kind = [] if task["kind"] == "task" else [task["kind"].replace("_", " ")]
    if task["is_mapped"]:
        kind.append(f"{len(own)} mapped")
    about = [task["task_id"], *kind, tally_text(states) or state, *([duration(seconds)] if ran else [])]
    about.append(f"trigger rule {task['trigger_rule']}")
    left, bottom = box.x + _MARGIN, box.y + box.height
    shadow = _rect("node-behind", Box(box.x + 4, box.y + 4, box.width, box.height)) if task["is_mapped"] else Html()
    return element(
        "g",
        element("title", "\n".join(about)),
        shadow,
        _rect("node-box", box),
        element("path", class_="stripe", d=f"M{box.x + 3:g} {box.y + 7:g}V{bottom - 7:g}"),
        element("text", label, class_="node-label", x=left, y=box.y + 21),
        icon(state, x=left - 2, y=box.y + 27),
        element("text", state, class_="node-state", x=left + 18, y=box.y + 39),
        element("text", duration(seconds), class_="node-time", x=box.x + box.width - _MARGIN, y=box.y + 39)
        if ran
        else Html(),
        _breakdown(states, Box(left, box.y + 48, box.width - 2 * _MARGIN, 13)) if task["is_mapped"] else Html(),
        _pill(" · ".join(kind), box) if kind else Html(),
        class_=f"node {state_class(state)}",
        data_task=str(number),
        aria_label=", ".join(about),
    )


def _rect(name: str, box: Box) -> Html:
    return element("rect", class_=name, x=box.x, y=box.y, width=box.width, height=box.height, rx=6)


def _breakdown(states: Sequence[str], box: Box) -> Html:
    """A bar with a part for each state of the mapped task instances, as wide as it is common."""
    parts, x = [], box.x
    for state, count in tally(states):
        width = box.width * count / len(states)
        part = element("rect", x=x, y=box.y, width=max(1.0, width - 1), height=box.height, rx=2)
        label = f"{count} {state}"
        shown = label if _cells(label) * 6 < width - 4 else str(count)
        mark = element("text", shown, x=x + width / 2, y=box.y + box.height - 3)
        fits = _cells(shown) * 6 < width - 4
        parts.append(element("g", element("title", label), part, mark if fits else Html(), class_=state_class(state)))
        x += width
    return element("g", join(*parts), class_="breakdown")


def _pill(label: str, box: Box) -> Html:
    width = _SMALL_CHARACTER * len(label) + 12
    x, y = box.x + box.width - width - 10, box.y - _PILL_HEIGHT / 2
    return element(
        "g",
        element("rect", x=x, y=y, width=width, height=_PILL_HEIGHT, rx=_PILL_HEIGHT / 2),
        element("text", label, x=x + width / 2, y=y + 11),
        class_="pill",
    )
