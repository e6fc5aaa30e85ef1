"""Makes docs/evidence/benchmarks.md of a report. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.report import between, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Report, Table

INTRODUCTION = """# Benchmarks

`make bench` measures everything on this page in one run and writes it. Once everything is installed and built it takes
about 10 minutes; nothing else should run on the machine. It ends with status 1 when a limit is not met.
`make bench-quick` takes 3 minutes, runs few rounds, and only prints them.

Contestants take turns, each round in another order. A figure is the median; behind it is where 8 of 10 samples are. A
ratio is the median of the rounds' own ratios to the table's first row, so that what slows the machine for a while does
not count. Every run is checked: a task that did not do all of its work ends the measurement.

![Starts, as bars](benchmarks.svg)
"""


def render(report: Report) -> str:
    """The page."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield INTRODUCTION
    yield ", ".join(f"{name} {value}" for name, value in report.machine.items()) + "."
    if report.quick:
        yield "\n**These are the figures of few rounds.**"
    yield from ("", "## Limits", "", "| what | seen | 8 of 10 | wanted | |", "|---|---|---|---|---|")
    for limit in report.limits:
        verdict = limit.verdict if limit.is_met else f"**{limit.verdict}**"
        seen = number(limit.value.median)
        yield f"| {limit.what} | {seen} | {between(limit.value)} | {limit.wanted} | {verdict} |"
    for table in report.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield from ("", f"## {table.title}", "", table.note, "", "| | | 8 of 10 | ratio | 8 of 10 | samples |")
    yield "|---|---|---|---|---|---|"
    for row in table.rows:
        ratio = (number(row.ratio.median), between(row.ratio)) if row.ratio else ("", "")
        figure = f"{number(row.figures.median)} {row.unit}".rstrip()
        yield f"| {row.name} | {figure} | {between(row.figures)} | {ratio[0]} | {ratio[1]} | {row.figures.count} |"
