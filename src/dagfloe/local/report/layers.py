"""The three steps of a layered drawing: which layer, in which order there, and how high up. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A kind, `task`, `group` or `DUMMY`, and a name.
Item = tuple[str, str]
DUMMY = "dummy"
#: Where an edge comes from that enters the group, and where one goes that leaves it.
ENTRY, EXIT = ("edge", "in"), ("edge", "out")
_SWEEPS = 4


def layers_of(
    items: Sequence[Item], edges: Sequence[tuple[Item, Item]]
) -> tuple[list[list[Item]], dict[tuple[Item, Item], list[Item]]]:
    """Give each item the first layer that is behind those of all items before it.

    Returns:
        The layers, and for each edge that goes forward its chain: its ends, and a dummy in each layer between them.
        Those that enter or leave have dummies up to the side.
    """
    depths = _depths(items, [each for each in edges if each[0] != ENTRY and each[1] != EXIT])
    layers: list[list[Item]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for item in items:
        layers[depths[item]].append(item)
    chains: dict[tuple[Item, Item], list[Item]] = {}
    for number, (above, below) in enumerate(edges):
        first, last = depths.get(above, -1) + 1, depths.get(below, len(layers))
        if first <= last:
            between = [(DUMMY, f"{number}.{depth}") for depth in range(first, last)]
            chains[above, below] = [
                *([above] if above in depths else []),
                *between,
                *([below] if below in depths else []),
            ]
            for depth, dummy in enumerate(between, first):
                layers[depth].append(dummy)
    return layers, chains


def _depths(items: Sequence[Item], edges: Sequence[tuple[Item, Item]]) -> dict[Item, int]:
    before: dict[Item, set[Item]] = {item: set() for item in items}
    after: dict[Item, set[Item]] = {item: set() for item in items}
    for above, below in edges:
        before[below].add(above)
        after[above].add(below)
    waiting = {item: len(before[item]) for item in items}
    depths: dict[Item, int] = {}
    while waiting:
        # In a cycle nothing is free, and the first one opens it.
        item = next((each for each, count in waiting.items() if count == 0), next(iter(waiting)))
        del waiting[item]
        depths[item] = max((depths[each] + 1 for each in before[item] if each in depths), default=0)
        for each in after[item]:
            if each in waiting:
                waiting[each] -= 1
    for item in items:  # what follows nothing stands beside what it comes before
        if not before[item] and after[item]:
            depths[item] = max(0, min(depths[each] for each in after[item]) - 1)
    return depths


def ordered(layers: Sequence[Sequence[Item]], links: Sequence[tuple[Item, Item]]) -> list[list[Item]]:
    """Sort each layer by where its neighbours stand, so that few lines cross."""
    result = [list(layer) for layer in layers]
    before, after = _neighbours(links)
    for sweep in range(2 * _SWEEPS):
        forward = sweep % 2 == 0
        steps = list(pairwise(result if forward else result[::-1]))
        for fixed, layer in steps:
            places = {item: place for place, item in enumerate(fixed)}
            own = {item: place for place, item in enumerate(layer)}
            side = before if forward else after
            layer.sort(key=lambda item, side=side, places=places, own=own: _mean(side.get(item), places, own[item]))  # type: ignore[misc]
    return result


def settled(
    layers: Sequence[Sequence[Item]],
    links: Sequence[tuple[Item, Item]],
    heights: Mapping[Item, float],
    gaps: Mapping[Item, float],
) -> dict[Item, float]:
    """The top of each item: as near to its neighbours' middle as the order and the gaps allow, and none above 0."""
    before, after = _neighbours(links)
    middles: dict[Item, float] = {}
    for layer in layers:
        middles.update(_spread(layer, [0.0] * len(layer), heights, gaps))
    for sweep in range(2 * _SWEEPS):
        side = before if sweep % 2 == 0 else after
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = [_mean(side.get(item), middles, middles[item]) for item in layer]
            middles.update(_spread(layer, wanted, heights, gaps))
    tops = {item: middle - heights[item] / 2 for item, middle in middles.items()}
    highest = min(tops.values(), default=0.0)
    return {item: top - highest for item, top in tops.items()}


def _spread(
    layer: Sequence[Item], wanted: Sequence[float], heights: Mapping[Item, float], gaps: Mapping[Item, float]
) -> dict[Item, float]:
    """The middles that are nearest to the wanted ones, in least squares, and do not overlap."""
    offsets, offset = [], 0.0
    for number, item in enumerate(layer):
        if number:
            above = layer[number - 1]
            offset += (heights[above] + heights[item]) / 2 + max(gaps[above], gaps[item])
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []  # the sum and the number of items that move together
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            above_total, above_count = blocks.pop()
            total, count = total + above_total, count + above_count
        blocks.append((total, count))
    free = [total / count for total, count in blocks for _ in range(count)]
    return {item: place + offset for item, place, offset in zip(layer, free, offsets, strict=True)}


def _neighbours(links: Sequence[tuple[Item, Item]]) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    before: dict[Item, list[Item]] = {}
    after: dict[Item, list[Item]] = {}
    for above, below in links:
        before.setdefault(below, []).append(above)
        after.setdefault(above, []).append(below)
    return before, after


def _mean(neighbours: Sequence[Item] | None, places: Mapping[Item, float], default: float) -> float:
    return sum(places[each] for each in neighbours) / len(neighbours) if neighbours else default
