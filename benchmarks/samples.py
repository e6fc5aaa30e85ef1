"""What is said of many samples: the median, and between which values 8 of 10 are. Pure."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Spread:
    """Samples in short.

    Attributes:
        median: the one in the middle.
        low: a tenth of the samples is lower.
        high: a tenth is higher.
        count: how many there are.
    """

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one sample."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, *_, high = statistics.quantiles(values, n=10, method="inclusive")
        return cls(statistics.median(values), low, high, len(values))


def ratios(mine: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The spread of each round's own ratio: what slows a whole round does not show in it."""
    return Spread.of([ours / other for ours, other in zip(mine, theirs, strict=True)])


def alternate(
    contestants: Mapping[str, Callable[[], float]], rounds: int, *, warmups: int = 1
) -> dict[str, list[float]]:
    """Let contestants run in turns, so that what slows the machine slows all of them.

    Args:
        contestants: by name, what runs once and gives its figure.
        rounds: how often each one counts.
        warmups: how often each one runs before that.

    Returns:
        The figures of each one, in the order of the rounds.
    """
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(-warmups, rounds):
        for name in names:
            figure = contestants[name]()
            if number >= 0:
                figures[name].append(figure)
        # Everyone is first once, and after each of the others.
        names = [*names[1:], names[0]] if number % 2 else names[::-1]
    return figures
