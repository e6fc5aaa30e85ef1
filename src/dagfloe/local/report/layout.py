"""Lays out a Dag's graph: layers from left to right, groups as boxes around their members. Pure.

A group has a layout of its own, and is one box in the layout of its parent, so that boxes never overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from dagfloe.local.report.layers import DUMMY, ENTRY, EXIT, assign_layers, assign_tops, order_layers

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
        """The height at which edges start and end."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Node:
    """A task to lay out.

    Attributes:
        task_id: the task.
        groups: the ids of the groups around it, the outermost first.
        upstream: the ids of the upstream tasks.
        width: the width of its box.
        height: the height of its box.
    """

    task_id: str
    groups: tuple[str, ...]
    upstream: tuple[str, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Edge:
    """A line between two tasks, through points. Segments are curved and straight by turns; the first one is curved."""

    upstream: str
    task_id: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The boxes of tasks and groups, and the edges."""

    nodes: dict[str, Box]
    groups: dict[str, Box]
    edges: list[Edge]
    width: float
    height: float


@dataclass(slots=True)
class _Level:
    """The inside of a group, or of the whole graph: boxes relative to its corner, and the routes of long edges."""

    boxes: dict[Item, Box]
    routes: dict[tuple[Item, Item], list[tuple[float, float]]]
    width: float
    height: float


def lay_out(nodes: Sequence[Node]) -> Layout:
    """Lay out a graph. Equal graphs have equal layouts. In a cycle, which groups can have, an edge goes backwards."""
    paths: dict[str, list[Item]] = {node.task_id: _path(node) for node in nodes}
    edges = [
        (upstream, node.task_id) for node in nodes for upstream in dict.fromkeys(node.upstream) if upstream in paths
    ]
    members: dict[Item, dict[Item, None]] = {_ROOT: {}}
    depths: dict[Item, int] = {_ROOT: 0}
    for path in paths.values():
        for depth, (outer, inner) in enumerate(pairwise(path)):
            members.setdefault(outer, {})[inner] = None
            depths[outer] = depth
    group_edges: dict[Item, dict[tuple[Item, Item], None]] = {}
    for upstream, downstream in edges:
        for group, edge in _split(paths[upstream], paths[downstream]):
            group_edges.setdefault(group, {})[edge] = None
    sizes: dict[Item, tuple[float, float]] = {("task", node.task_id): (node.width, node.height) for node in nodes}
    levels: dict[Item, _Level] = {}
    # The innermost groups first: the layout of a group needs the sizes of its members.
    for group in sorted(members, key=lambda group: -depths[group]):
        level = levels[group] = _lay_out_group(list(members[group]), list(group_edges.get(group, {})), sizes)
        sizes[group] = (level.width + 2 * PADDING, level.height + LABEL_HEIGHT + PADDING)
    boxes = _absolute_boxes(levels)
    return Layout(
        {name: box for (kind, name), box in boxes.items() if kind == "task"},
        {name: box for (kind, name), box in boxes.items() if kind == "group" and name},
        [
            _edge(upstream, downstream, _split(paths[upstream], paths[downstream]), levels, boxes)
            for upstream, downstream in edges
        ],
        levels[_ROOT].width + 2 * PADDING,
        levels[_ROOT].height + 2 * PADDING,
    )


def _path(node: Node) -> list[Item]:
    return [_ROOT, *(("group", group) for group in node.groups), ("task", node.task_id)]


def _split(upstream: list[Item], downstream: list[Item]) -> list[tuple[Item, tuple[Item, Item]]]:
    """Split an edge, given by the paths of its ends, into parts: out of some groups, through one, into others.

    Returns:
        The groups, with their parts of the edge.
    """
    pairs = enumerate(zip(upstream, downstream, strict=False))
    depth = next((depth for depth, (one, other) in pairs if one != other), len(upstream) - 1)
    leaving = [(upstream[i], (upstream[i + 1], EXIT)) for i in range(len(upstream) - 2, depth - 1, -1)]
    entering = [(downstream[i], (ENTRY, downstream[i + 1])) for i in range(depth, len(downstream) - 1)]
    return [*leaving, (upstream[depth - 1], (upstream[depth], downstream[depth])), *entering]


def _lay_out_group(
    items: list[Item], edges: list[tuple[Item, Item]], sizes: Mapping[Item, tuple[float, float]]
) -> _Level:
    """Lay out the members of one group."""
    layers, chains = assign_layers(items, [edge for edge in edges if edge[0] != edge[1]])
    links = [link for chain in chains.values() for link in pairwise(chain)]
    layers = order_layers(layers, links)
    heights = {item: sizes[item][1] if item in sizes else 0.0 for layer in layers for item in layer}
    gaps = {item: _THIN_GAP if item[0] == DUMMY else GAP_Y for item in heights}
    tops = assign_tops(layers, links, heights, gaps)
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


def _absolute_boxes(levels: Mapping[Item, _Level]) -> dict[Item, Box]:
    """Return the boxes of all items in the coordinates of the whole graph."""
    boxes = {_ROOT: Box(0, PADDING - LABEL_HEIGHT, 0, 0)}  # the whole graph has no label
    groups = [_ROOT]
    for group in groups:
        corner = boxes[group]
        for item, box in levels[group].boxes.items():
            boxes[item] = Box(corner.x + PADDING + box.x, corner.y + LABEL_HEIGHT + box.y, box.width, box.height)
            if item in levels:
                groups.append(item)
    return boxes


def _edge(
    upstream: str,
    downstream: str,
    parts: Sequence[tuple[Item, tuple[Item, Item]]],
    levels: Mapping[Item, _Level],
    boxes: Mapping[Item, Box],
) -> Edge:
    start, end = boxes["task", upstream], boxes["task", downstream]
    points = [
        (boxes[group].x + PADDING + x, boxes[group].y + LABEL_HEIGHT + y)
        for group, edge in parts
        for x, y in levels[group].routes.get(edge, ())
    ]
    return Edge(upstream, downstream, ((start.x + start.width, start.middle), *points, (end.x, end.middle)))
