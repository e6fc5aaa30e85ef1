"""Draws a report's charts as SVG, in colours that can be read on white and on black. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from benchmarks.report import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Report, Row, Table

WIDTH, LABELS, FIGURES = 960, 370, 190
BAR, GAP, TITLE = 16, 8, 40
TEXT, OURS, OTHERS = "#768390", "#2f81f7", "#9aa4af"


def render(report: Report) -> str:
    """One picture of all tables that are drawn."""
    charts = [(table, [row for row in table.rows if row.ratio or row is table.rows[0]]) for table in report.tables]
    charts = [(table, rows) for table, rows in charts if table.chart]
    height = sum(TITLE + len(rows) * (BAR + GAP) for _, rows in charts) + GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{TEXT}">'
    )
    lines = [head]
    top = 0
    for table, rows in charts:
        lines += _chart(table, rows, top)
        top += TITLE + len(rows) * (BAR + GAP)
    return "\n".join([*lines, "</svg>", ""])


def _chart(table: Table, rows: list[Row], top: int) -> Iterator[str]:
    scale = (WIDTH - LABELS - FIGURES) / max(row.figures.high for row in rows)
    yield f'<text x="0" y="{top + 24}" font-weight="bold">{escape(table.title)}</text>'
    for index, row in enumerate(rows):
        y = top + TITLE + index * (BAR + GAP)
        middle, end = y + BAR / 2, LABELS + row.figures.high * scale
        colour = OURS if row.name.startswith("bundle file") else OTHERS
        figure = f"{number(row.figures.median)} {row.unit}" + (
            f", {number(row.ratio.median)} times" if row.ratio else ""
        )
        yield f'<text x="{LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(row.name)}</text>'
        yield f'<rect x="{LABELS}" y="{y}" width="{row.figures.median * scale:.1f}" height="{BAR}" fill="{colour}"/>'
        yield (
            f'<line x1="{LABELS + row.figures.low * scale:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}" '
            f'stroke="{TEXT}" stroke-width="2"/>'
        )
        yield f'<text x="{end + 8:.1f}" y="{y + 13}">{escape(figure)}</text>'
