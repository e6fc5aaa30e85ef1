"""Where the parts of a Dag's graph are drawn: layers from left to right, groups as boxes around their members. Pure.

Each group is laid out by itself and is then one box among others, so that no two boxes ever overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from dagfloe.local.report.layers import DUMMY, ENTRY, EXIT, layers_of, ordered, settled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagfloe.local.report.layers import Item

GAP_X, GAP_Y = 40.0, 22.0
PADDING, LABEL_HEIGHT = 16.0, 26.0
_THIN_GAP = 10.0
_ROOT = ("group", "")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The height at which edges come and go."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Node:
    """A task to lay out.

    Attributes:
        task_id: of the task.
        groups: the ids of the groups around it, the outermost first.
        upstream: the ids of the tasks before it.
        width: of its box.
        height: of its box.
    """

    task_id: str
    groups: tuple[str, ...]
    upstream: tuple[str, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Edge:
    """A line between two tasks: through these points, straight from each odd one to the next, else curved."""

    upstream: str
    task_id: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is drawn."""

    nodes: dict[str, Box]
    groups: dict[str, Box]
    edges: list[Edge]
    width: float
    height: float


@dataclass(slots=True)
class _Level:
    """What is inside of one group, or of none: boxes relative to its corner, and where long edges pass."""

    boxes: dict[Item, Box]
    routes: dict[tuple[Item, Item], list[tuple[float, float]]]
    width: float
    height: float


def lay_out(nodes: Sequence[Node]) -> Layout:
    """Lay out a graph. Equal graphs give equal layouts; a cycle, which no Dag has, is drawn backwards."""
    paths: dict[str, list[Item]] = {node.task_id: _path(node) for node in nodes}
    edges = [(above, node.task_id) for node in nodes for above in dict.fromkeys(node.upstream) if above in paths]
    inside: dict[Item, dict[Item, None]] = {_ROOT: {}}
    depths: dict[Item, int] = {_ROOT: 0}
    for path in paths.values():
        for depth, (outer, inner) in enumerate(pairwise(path)):
            inside.setdefault(outer, {})[inner] = None
            depths[outer] = depth
    lifted: dict[Item, dict[tuple[Item, Item], None]] = {}
    for above, below in edges:
        for group, pair in _steps(paths[above], paths[below]):
            lifted.setdefault(group, {})[pair] = None
    sizes: dict[Item, tuple[float, float]] = {("task", each.task_id): (each.width, each.height) for each in nodes}
    levels: dict[Item, _Level] = {}
    # The innermost first: a group's size is known when it is placed in its parent.
    for item in sorted(inside, key=lambda each: -depths[each]):
        level = levels[item] = _place(list(inside[item]), list(lifted.get(item, {})), sizes)
        sizes[item] = (level.width + 2 * PADDING, level.height + LABEL_HEIGHT + PADDING)
    boxes: dict[Item, Box] = {}
    _collect(levels, boxes)
    return Layout(
        {name: box for (kind, name), box in boxes.items() if kind == "task"},
        {name: box for (kind, name), box in boxes.items() if kind == "group" and name},
        [_edge(above, below, _steps(paths[above], paths[below]), levels, boxes) for above, below in edges],
        levels[_ROOT].width + 2 * PADDING,
        levels[_ROOT].height + 2 * PADDING,
    )


def _path(node: Node) -> list[Item]:
    return [_ROOT, *(("group", group) for group in node.groups), ("task", node.task_id)]


def _steps(above: list[Item], below: list[Item]) -> list[tuple[Item, tuple[Item, Item]]]:
    """The groups that an edge passes, and what it connects in each: out of some, through one, into others."""
    depth = next((i for i, (one, other) in enumerate(zip(above, below, strict=False)) if one != other), len(above) - 1)
    out = [(above[i], (above[i + 1], EXIT)) for i in range(len(above) - 2, depth - 1, -1)]
    into = [(below[i], (ENTRY, below[i + 1])) for i in range(depth, len(below) - 1)]
    return [*out, (above[depth - 1], (above[depth], below[depth])), *into]


def _place(items: list[Item], edges: list[tuple[Item, Item]], sizes: Mapping[Item, tuple[float, float]]) -> _Level:
    """Lay out the members of one group."""
    layers, chains = layers_of(items, [each for each in edges if each[0] != each[1]])
    links = [pair for chain in chains.values() for pair in pairwise(chain)]
    layers = ordered(layers, links)
    heights = {item: sizes[item][1] if item in sizes else 0.0 for layer in layers for item in layer}
    gaps = {item: _THIN_GAP if item[0] == DUMMY else GAP_Y for item in heights}
    tops = settled(layers, links, heights, gaps)
    widths = [max((sizes[item][0] for item in layer if item in sizes), default=0.0) for layer in layers]
    lefts = [sum(widths[:i]) + GAP_X * i for i in range(len(widths))]
    boxes, spans = {}, {}
    for layer, left, width in zip(layers, lefts, widths, strict=True):
        for item in layer:
            if item in sizes:
                boxes[item] = Box(left, tops[item], *sizes[item])
            else:
                spans[item] = [(left, tops[item]), (left + width, tops[item])]
    routes = {
        edge: [point for item in chain if item in spans for point in spans[item]] for edge, chain in chains.items()
    }
    bottom = max((tops[item] + heights[item] for item in tops), default=0.0)
    return _Level(boxes, routes, sum(widths) + GAP_X * max(0, len(widths) - 1), bottom)


def _collect(levels: Mapping[Item, _Level], boxes: dict[Item, Box]) -> None:
    """Turn places within groups into places within the picture."""
    boxes[_ROOT] = Box(0, PADDING - LABEL_HEIGHT, 0, 0)  # without a label of its own
    waiting = [_ROOT]
    for outer in waiting:
        corner = boxes[outer]
        for item, box in levels[outer].boxes.items():
            x, y = corner.x + PADDING + box.x, corner.y + LABEL_HEIGHT + box.y
            boxes[item] = Box(x, y, box.width, box.height)
            if item in levels:
                waiting.append(item)


def _edge(
    above: str,
    below: str,
    steps: Sequence[tuple[Item, tuple[Item, Item]]],
    levels: Mapping[Item, _Level],
    boxes: Mapping[Item, Box],
) -> Edge:
    start, end = boxes["task", above], boxes["task", below]
    between = [
        (boxes[level].x + PADDING + x, boxes[level].y + LABEL_HEIGHT + y)
        for level, pair in steps
        for x, y in levels[level].routes.get(pair, ())
    ]
    return Edge(above, below, ((start.x + start.width, start.middle), *between, (end.x, end.middle)))
