"""The three steps of a layered layout: the layer of an item, the order in a layer, and the heights. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A kind (`task`, `group` or `DUMMY`) and a name.
Item = tuple[str, str]
DUMMY = "dummy"
#: The start of an edge that enters the group, and the end of one that leaves it.
ENTRY, EXIT = ("edge", "in"), ("edge", "out")
_SWEEPS = 4


def assign_layers(
    items: Sequence[Item], edges: Sequence[tuple[Item, Item]]
) -> tuple[list[list[Item]], dict[tuple[Item, Item], list[Item]]]:
    """Assign items to layers: an item to the first layer after the layers of all its upstream items.

    Returns:
        The layers; and the chains of the edges that go forward: their ends, with a dummy in every layer between them.
        The chain of an edge that enters or leaves the group has dummies up to that side.
    """
    depths = _depths(items, [edge for edge in edges if edge[0] != ENTRY and edge[1] != EXIT])
    layers: list[list[Item]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for item in items:
        layers[depths[item]].append(item)
    chains: dict[tuple[Item, Item], list[Item]] = {}
    for number, (upstream, downstream) in enumerate(edges):
        first, last = depths.get(upstream, -1) + 1, depths.get(downstream, len(layers))
        if first <= last:
            dummies = [(DUMMY, f"{number}.{depth}") for depth in range(first, last)]
            chains[upstream, downstream] = [
                *([upstream] if upstream in depths else []),
                *dummies,
                *([downstream] if downstream in depths else []),
            ]
            for depth, dummy in enumerate(dummies, first):
                layers[depth].append(dummy)
    return layers, chains


def _depths(items: Sequence[Item], edges: Sequence[tuple[Item, Item]]) -> dict[Item, int]:
    upstream, downstream = _neighbors(edges)
    counts = {item: len(upstream.get(item, ())) for item in items}
    depths: dict[Item, int] = {}
    while counts:
        # A cycle has no item without upstream items: its first item starts it.
        item = next((item for item, count in counts.items() if count == 0), next(iter(counts)))
        del counts[item]
        depths[item] = max((depths[other] + 1 for other in upstream.get(item, ()) if other in depths), default=0)
        for other in downstream.get(item, ()):
            if other in counts:
                counts[other] -= 1
    for item in items:  # an item without upstream items moves next to its first downstream item
        if not upstream.get(item) and downstream.get(item):
            depths[item] = max(0, min(depths[other] for other in downstream[item]) - 1)
    return depths


def order_layers(layers: Sequence[Sequence[Item]], links: Sequence[tuple[Item, Item]]) -> list[list[Item]]:
    """Sort every layer by the positions of the neighbors, so that few edges cross."""
    result = [list(layer) for layer in layers]
    upstream, downstream = _neighbors(links)
    for sweep in range(2 * _SWEEPS):
        is_forward = sweep % 2 == 0
        neighbors = upstream if is_forward else downstream
        for fixed, layer in pairwise(result if is_forward else result[::-1]):
            positions = {item: position for position, item in enumerate(fixed)}
            keys = {item: _mean(neighbors.get(item), positions, position) for position, item in enumerate(layer)}
            layer.sort(key=keys.__getitem__)
    return result


def assign_tops(
    layers: Sequence[Sequence[Item]],
    links: Sequence[tuple[Item, Item]],
    heights: Mapping[Item, float],
    gaps: Mapping[Item, float],
) -> dict[Item, float]:
    """Return the tops of the items, from 0 on. An item is near its neighbors, as far as order and gaps allow."""
    upstream, downstream = _neighbors(links)
    middles: dict[Item, float] = {}
    for layer in layers:
        middles.update(_spread(layer, [0.0] * len(layer), heights, gaps))
    for sweep in range(2 * _SWEEPS):
        neighbors = upstream if sweep % 2 == 0 else downstream
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            targets = [_mean(neighbors.get(item), middles, middles[item]) for item in layer]
            middles.update(_spread(layer, targets, heights, gaps))
    tops = {item: middle - heights[item] / 2 for item, middle in middles.items()}
    highest = min(tops.values(), default=0.0)
    return {item: top - highest for item, top in tops.items()}


def _spread(
    layer: Sequence[Item], targets: Sequence[float], heights: Mapping[Item, float], gaps: Mapping[Item, float]
) -> dict[Item, float]:
    """Return the middles that are nearest to the targets, in least squares, and do not overlap."""
    offsets, offset = [], 0.0
    for position, item in enumerate(layer):
        if position:
            above = layer[position - 1]
            offset += (heights[above] + heights[item]) / 2 + max(gaps[above], gaps[item])
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []  # the sum of the targets and the number of items that move together
    for target, offset in zip(targets, offsets, strict=True):
        total, count = target - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            above_total, above_count = blocks.pop()
            total, count = total + above_total, count + above_count
        blocks.append((total, count))
    starts = [total / count for total, count in blocks for _ in range(count)]
    return {item: start + offset for item, start, offset in zip(layer, starts, offsets, strict=True)}


def _neighbors(links: Sequence[tuple[Item, Item]]) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    """Return the upstream and the downstream items of every item."""
    upstream: dict[Item, list[Item]] = {}
    downstream: dict[Item, list[Item]] = {}
    for first, second in links:
        upstream.setdefault(second, []).append(first)
        downstream.setdefault(first, []).append(second)
    return upstream, downstream


def _mean(neighbors: Sequence[Item] | None, positions: Mapping[Item, float], default: float) -> float:
    return sum(positions[item] for item in neighbors) / len(neighbors) if neighbors else default
