"""Tables of figures and limits, and their form as JSON and as text. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.samples import Spread, ratios

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured.

    Attributes:
        name: what it is.
        unit: what its figures count.
        figures: them.
        ratio: to the first row of the table, round by round.
    """

    name: str
    unit: str
    figures: Spread
    ratio: Spread | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure must keep to.

    Attributes:
        what: which figure.
        value: the figure; its median counts.
        bound: the most or the least that it may be.
        at_most: which of the two the bound is.
    """

    what: str
    value: Spread
    bound: float
    at_most: bool = True

    @property
    def is_met(self) -> bool:
        """Whether the figure keeps to it."""
        return self.value.median <= self.bound if self.at_most else self.value.median >= self.bound

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f"at {'most' if self.at_most else 'least'} {number(self.bound)}"

    @property
    def verdict(self) -> str:
        """Whether it is met, in words."""
        return "met" if self.is_met else "NOT met"


@dataclass(frozen=True, slots=True)
class Table:
    """What was measured side by side.

    Attributes:
        title: what it is about.
        note: what a reader must know of it.
        rows: the figures.
        limits: what they must keep to.
        chart: whether it is drawn.
    """

    title: str
    note: str
    rows: tuple[Row, ...]
    limits: tuple[Limit, ...] = ()
    chart: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run measured.

    Attributes:
        machine: where, when and with what.
        quick: whether it was a run of few rounds.
        tables: the figures.
        failures: the subjects that could not be measured, and why.
    """

    machine: Mapping[str, str]
    quick: bool
    tables: tuple[Table, ...]
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """All limits."""
        return tuple(limit for table in self.tables for limit in table.limits)

    @property
    def is_good(self) -> bool:
        """Whether everything was measured, and every limit is met."""
        return not self.failures and all(limit.is_met for limit in self.limits)

    def to_json(self) -> dict[str, Any]:
        """Plain values, with what became of each limit."""
        told = asdict(self)
        for told_table, table in zip(told["tables"], self.tables, strict=True):
            for told_limit, limit in zip(told_table["limits"], table.limits, strict=True):
                told_limit["met"] = limit.is_met
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Report:
        """The report of plain values."""
        return cls(told["machine"], told["quick"], tuple(map(_table, told["tables"])), told["failures"])


def rows_of(unit: str, figures: Mapping[str, Sequence[float]]) -> tuple[Row, ...]:
    """A row for each contestant of alternating rounds; the ratios are to the first one."""
    base = next(iter(figures.values()))
    return tuple(
        Row(name, unit, Spread.of(values), None if values is base else ratios(values, base))
        for name, values in figures.items()
    )


def number(value: float) -> str:
    """A figure with three or four digits that count, or all of its whole digits."""
    if value and abs(value) < 100:
        return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}" if abs(value) < 10 else f"{value:.1f}"
    return f"{value:,.0f}"


def between(spread: Spread) -> str:
    """Where 8 of 10 samples are; nothing where there is one."""
    return f"{number(spread.low)} to {number(spread.high)}" if spread.count > 1 else ""


def as_text(table: Table) -> Iterator[str]:
    """A table for a terminal."""
    yield table.title
    width = max(len(row.name) for row in table.rows)
    for row in table.rows:
        line = f"  {row.name:{width}}  {number(row.figures.median):>9} {row.unit}"
        if row.figures.count > 1:
            line += f" ({between(row.figures)}; {row.figures.count})"
        if row.ratio:
            line += f", ratio {number(row.ratio.median)} ({between(row.ratio)})"
        yield line
    for limit in table.limits:
        seen = f"{number(limit.value.median)} ({between(limit.value)})" if limit.value.count > 1 else ""
        yield f"  {limit.verdict}: {limit.what}: {seen or number(limit.value.median)}, {limit.wanted} is wanted"


def _table(told: Mapping[str, Any]) -> Table:
    rows = tuple(
        Row(row["name"], row["unit"], Spread(**row["figures"]), Spread(**row["ratio"]) if row["ratio"] else None)
        for row in told["rows"]
    )
    limits = tuple(
        Limit(limit["what"], Spread(**limit["value"]), limit["bound"], limit["at_most"]) for limit in told["limits"]
    )
    return Table(told["title"], told["note"], rows, limits, told["chart"])
