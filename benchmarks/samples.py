"""Summarises samples: the median, and the range that contains 8 of 10 samples."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Spread:
    """A summary of samples.

    Attributes:
        median: the median.
        low: one tenth of the samples is lower.
        high: one tenth of the samples is higher.
        count: the number of samples.
    """

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise at least one sample."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, *_, high = statistics.quantiles(values, n=10, method="inclusive")
        return cls(statistics.median(values), low, high, len(values))


def ratios(figures: Sequence[float], base: Sequence[float]) -> Spread:
    """The ratios of all rounds. A slowdown of a whole round does not change its ratio."""
    return Spread.of([figure / base_figure for figure, base_figure in zip(figures, base, strict=True)])


def alternate(
    contestants: Mapping[str, Callable[[], float]], rounds: int, *, warmups: int = 1
) -> dict[str, list[float]]:
    """Run contestants in turns, so that a slowdown of the machine affects all of them.

    Args:
        contestants: functions that run once and return a figure, by name.
        rounds: the number of rounds that count.
        warmups: the number of rounds before them.

    Returns:
        The figures of every contestant, in the order of the rounds.
    """
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(-warmups, rounds):
        for name in names:
            figure = contestants[name]()
            if number >= 0:
                figures[name].append(figure)
        # Over the rounds, every contestant is first once and follows all of the others.
        names = [*names[1:], names[0]] if number % 2 else names[::-1]
    return figures
