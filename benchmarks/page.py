"""Renders a report as docs/evidence/benchmarks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.report import between, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Report, Table

INTRODUCTION = """# Benchmarks

`make bench` measures everything on this page in one run and writes the page. It takes about 10 minutes after everything
is installed and built. Nothing else should run on the machine. The command ends with status 1 if a limit is not met.
`make bench-quick` takes 3 minutes, runs fewer rounds and only prints the results.

The contestants take turns, in another order in each round. A figure is the median. The column *8 of 10* shows the range
that contains 8 of 10 samples. A ratio compares with the first row of the table; it is the median of the ratios of all
rounds, so a temporary slowdown of the machine has little effect. Every run is checked: if a task did not do all of its
work, the measurement stops.

![Starts, as bars](benchmarks.svg)
"""


def render(report: Report) -> str:
    """The page in Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield INTRODUCTION
    facts = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    yield f"This run: {facts}."
    if report.quick:
        yield "\n**These figures come from only a few rounds.**"
    yield from ("", "## Limits", "", "| figure | measured | 8 of 10 | limit | result |", "|---|---|---|---|---|")
    for limit in report.limits:
        verdict = limit.verdict if limit.is_met else f"**{limit.verdict}**"
        measured = number(limit.value.median)
        yield f"| {limit.what} | {measured} | {between(limit.value)} | {limit.condition} | {verdict} |"
    for table in report.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield from ("", f"## {table.title}", "", table.note, "")
    yield from ("| measured | median | 8 of 10 | ratio | 8 of 10 | samples |", "|---|---|---|---|---|---|")
    for row in table.rows:
        ratio = (number(row.ratio.median), between(row.ratio)) if row.ratio else ("", "")
        figure = f"{number(row.figures.median)} {row.unit}".rstrip()
        yield f"| {row.name} | {figure} | {between(row.figures)} | {ratio[0]} | {ratio[1]} | {row.figures.count} |"
