"""Draws a report's charts as SVG, in colours that are readable on white and on black."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.report import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.report import Report, Row, Table

#: In inches. The names of the rows are left of the bars.
WIDTH, NAMES_WIDTH, ROW_HEIGHT, TITLE_HEIGHT = 10.0, 3.9, 0.26, 0.46
TEXT, BUNDLE, OTHERS = "#768390", "#2f81f7", "#9aa4af"
STYLE = {
    # Text stays text, which a reader can search and select. The salt makes equal charts equal files.
    "svg.fonttype": "none",
    "svg.hashsalt": "dagfloe",
    "font.size": 10,
    "text.color": TEXT,
    "ytick.alignment": "center_baseline",
    "ytick.color": TEXT,
}


def render(report: Report) -> str:
    """One picture of all tables that have a chart."""
    charts = [(table, compared_rows(table)) for table in report.tables if table.chart]
    height = sum(TITLE_HEIGHT + ROW_HEIGHT * len(rows) for _, rows in charts)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height))
        bottom = height
        for table, rows in charts:
            figure.text(0, (bottom - TITLE_HEIGHT / 2) / height, table.title, fontweight="bold", va="center_baseline")
            rows_height = ROW_HEIGHT * len(rows)
            bottom -= TITLE_HEIGHT + rows_height
            left = NAMES_WIDTH / WIDTH
            draw(figure.add_axes((left, bottom / height, 1 - left, rows_height / height)), table.title, rows)
        svg = io.StringIO()
        figure.savefig(svg, format="svg", transparent=True, metadata={"Creator": None, "Date": None})
    return svg.getvalue()


def compared_rows(table: Table) -> list[Row]:
    """The rows that a table compares: the first one, and those with a ratio to it."""
    return [row for row in table.rows if row.ratio or row is table.rows[0]]


def draw(axes: Axes, title: str, rows: list[Row]) -> None:
    """Draw a table: a bar for each median, and a line from the lowest to the highest of 8 of 10 samples."""
    spreads = [row.figures for row in rows]
    medians = [spread.median for spread in spreads]
    positions = range(len(rows))
    colours = [BUNDLE if row.name.startswith("bundle file") else OTHERS for row in rows]
    errors = [[spread.median - spread.low for spread in spreads], [spread.high - spread.median for spread in spreads]]
    bars = axes.barh(positions, medians, 0.66, color=colours)
    axes.errorbar(medians, positions, xerr=errors, fmt="none", ecolor=TEXT, elinewidth=1.5)
    axes.set_yticks(positions, [row.name for row in rows])
    for bar, position, row in zip(bars, positions, rows, strict=True):
        bar.set_gid(f"{title}: {row.name}")
        end = (row.figures.high, position)
        axes.annotate(label(row), end, (6, 0), textcoords="offset points", va="center_baseline")
    # The first row is at the top. The labels need room next to the longest line.
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1.35 * max(spread.high for spread in spreads))
    axes.tick_params(length=0)
    axes.xaxis.set_visible(False)
    axes.spines[:].set_visible(False)


def label(row: Row) -> str:
    """The median of a row, and its ratio to the first row."""
    ratio = f", {number(row.ratio.median)} times" if row.ratio else ""
    return f"{number(row.figures.median)} {row.unit}{ratio}"
