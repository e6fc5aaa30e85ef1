"""Medians, ratios and the order of rounds."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.samples import Spread, alternate, ratios

FIGURES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50)


def test_spread_of_known_samples() -> None:
    """One tenth of the samples is below the range, one tenth above it."""
    assert Spread.of(list(range(1, 12))) == Spread(median=6, low=2, high=10, count=11)
    assert Spread.of([4.0]) == Spread(4, 4, 4, 1)


@given(FIGURES)
def test_spread_is_in_order(figures: list[float]) -> None:
    """The summary is between the smallest and the largest sample, and does not depend on their order."""
    spread = Spread.of(figures)
    slack = 1e-9 * max(figures)
    assert min(figures) - slack <= spread.low <= spread.median + slack
    assert spread.median - slack <= spread.high <= max(figures) + slack
    assert Spread.of(figures[::-1]) == spread


def test_ratio_is_that_of_the_rounds() -> None:
    """A round that was slow for every contestant does not change the ratio."""
    assert ratios([2, 2000, 4], [1, 1000, 2]) == Spread(2, 2, 2, 3)
    with pytest.raises(ValueError, match="shorter"):
        ratios([1, 2], [1])


@pytest.mark.parametrize("rounds", [6, 7])
def test_turns(rounds: int) -> None:
    """Every contestant runs once in a round and is first in some round. The warm-up does not count."""
    order: list[str] = []
    ticks = count()

    def contestant(name: str) -> float:
        order.append(name)
        return next(ticks)

    names = ("a", "b", "c")
    figures = alternate({name: lambda name=name: contestant(name) for name in names}, rounds, warmups=2)  # type: ignore[misc]
    order_of_rounds = [order[start : start + 3] for start in range(0, len(order), 3)]
    assert all(sorted(names_of_round) == list(names) for names_of_round in order_of_rounds)
    assert {names_of_round[0] for names_of_round in order_of_rounds[2:]} == set(names)
    assert [len(values) for values in figures.values()] == [rounds] * 3
    assert min(min(values) for values in figures.values()) == 6, "a figure of the warm-up counts"
