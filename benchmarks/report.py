"""Tables of figures and limits, and their form as JSON and as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.samples import Spread, ratios

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        name: the contestant, or what was measured.
        unit: the unit of the figures.
        figures: the samples.
        ratio: the ratios to the first row of the table, round by round.
    """

    name: str
    unit: str
    figures: Spread
    ratio: Spread | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of a figure.

    Attributes:
        what: the name of the figure.
        value: the figure; its median counts.
        bound: the largest or the smallest permitted value.
        at_most: whether the bound is the largest value.
    """

    what: str
    value: Spread
    bound: float
    at_most: bool = True

    @property
    def is_met(self) -> bool:
        """Whether the figure is within the limit."""
        return self.value.median <= self.bound if self.at_most else self.value.median >= self.bound

    @property
    def condition(self) -> str:
        """The bound in words."""
        return f"at {'most' if self.at_most else 'least'} {number(self.bound)}"

    @property
    def verdict(self) -> str:
        """Whether the limit is met, in words."""
        return "met" if self.is_met else "NOT met"


@dataclass(frozen=True, slots=True)
class Table:
    """Figures that were measured together.

    Attributes:
        title: the title.
        note: what a reader must know about the figures.
        rows: the figures.
        limits: their limits.
        chart: whether the picture shows the table.
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
        machine: the machine's properties and the versions, by name.
        quick: whether the run had only a few rounds.
        tables: the figures.
        failures: the reasons of failed measurements, by subject.
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
        """Whether every measurement succeeded and every limit is met."""
        return not self.failures and all(limit.is_met for limit in self.limits)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; every limit has its verdict."""
        report = asdict(self)
        for table_values, table in zip(report["tables"], self.tables, strict=True):
            for limit_values, limit in zip(table_values["limits"], table.limits, strict=True):
                limit_values["met"] = limit.is_met
        return report

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Report:
        """The report from JSON values."""
        return cls(values["machine"], values["quick"], tuple(map(_table, values["tables"])), values["failures"])


def rows_of(unit: str, figures: Mapping[str, Sequence[float]]) -> tuple[Row, ...]:
    """A row for every contestant of alternating rounds; the ratios are to the first one."""
    base = next(iter(figures.values()))
    return tuple(
        Row(name, unit, Spread.of(values), None if values is base else ratios(values, base))
        for name, values in figures.items()
    )


def number(value: float) -> str:
    """A figure with three or four significant digits, or with all of its whole digits."""
    if value and abs(value) < 100:
        return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}" if abs(value) < 10 else f"{value:.1f}"
    return f"{value:,.0f}"


def between(spread: Spread) -> str:
    """The range of 8 of 10 samples; empty for a single sample."""
    return f"{number(spread.low)} to {number(spread.high)}" if spread.count > 1 else ""


def as_text(table: Table) -> Iterator[str]:
    """The lines of a table for a terminal."""
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
        measured = number(limit.value.median)
        if limit.value.count > 1:
            measured += f" ({between(limit.value)})"
        yield f"  {limit.verdict}: {limit.what}: {measured}, limit {limit.condition}"


def _table(values: Mapping[str, Any]) -> Table:
    rows = tuple(
        Row(row["name"], row["unit"], Spread(**row["figures"]), Spread(**row["ratio"]) if row["ratio"] else None)
        for row in values["rows"]
    )
    limits = tuple(
        Limit(limit["what"], Spread(**limit["value"]), limit["bound"], limit["at_most"]) for limit in values["limits"]
    )
    return Table(values["title"], values["note"], rows, limits, values["chart"])
