"""The layout of the report's graph: for any graph, no boxes overlap and no part is missing."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from dagfloe.local.report.layout import Box, Node, lay_out


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Draw a list of tasks, with groups and upstream tasks."""
    groups = st.sampled_from([(), ("a",), ("b",), ("a", "a.c"), ("a", "a.d"), ("a", "a.c", "a.c.e")])
    names = [f"t{number}" for number in range(draw(st.integers(0, 12)))]
    return [
        Node(
            name,
            draw(groups),
            tuple(draw(st.lists(st.sampled_from(names[:number]), max_size=4)) if number else ()),
            draw(st.floats(20, 300)),
            draw(st.floats(20, 80)),
        )
        for number, name in enumerate(names)
    ]


def overlap(one: Box, other: Box) -> bool:
    apart_x = one.x + one.width <= other.x + 0.01 or other.x + other.width <= one.x + 0.01
    apart_y = one.y + one.height <= other.y + 0.01 or other.y + other.height <= one.y + 0.01
    return not apart_x and not apart_y


def within(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and inner.x + inner.width <= outer.x + outer.width + 0.01
        and outer.y <= inner.y
        and inner.y + inner.height <= outer.y + outer.height + 0.01
    )


@given(nodes=graphs())
def test_layout(nodes: list[Node]) -> None:
    """Tasks do not overlap, a group's box contains its members only, all edges exist, and all boxes are in view."""
    layout = lay_out(nodes)
    assert set(layout.nodes) == {node.task_id for node in nodes}
    assert not [pair for pair in combinations(layout.nodes.values(), 2) if overlap(*pair)]
    for node in nodes:
        box = layout.nodes[node.task_id]
        assert (box.width, box.height) == (node.width, node.height)
        assert within(box, Box(0, 0, layout.width, layout.height))
        for group, group_box in layout.groups.items():
            assert within(box, group_box) if group in node.groups else not overlap(box, group_box)
    assert [(edge.upstream, edge.task_id) for edge in layout.edges] == [
        (upstream, node.task_id) for node in nodes for upstream in dict.fromkeys(node.upstream)
    ]


@given(nodes=graphs())
def test_edges_run_from_left_to_right(nodes: list[Node]) -> None:
    """Without groups, each task is to the right of its upstream tasks."""
    layout = lay_out([Node(node.task_id, (), node.upstream, 100, 50) for node in nodes])
    for edge in layout.edges:
        assert all(one[0] < other[0] for one, other in pairwise(edge.points))


def test_cycle_through_a_group() -> None:
    """A Dag can have a task between two tasks of a group, so that the group depends on itself."""
    tasks = [("in", ("g",), ()), ("mid", (), ("in",)), ("out", ("g",), ("mid",))]
    layout = lay_out([Node(name, groups, upstream, 100, 50) for name, groups, upstream in tasks])
    assert not overlap(layout.groups["g"], layout.nodes["mid"])
    assert len(layout.edges) == 2
