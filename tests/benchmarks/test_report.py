"""A report as JSON, as text, as a page and as a picture."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from benchmarks import page, plot
from benchmarks.files import Files
from benchmarks.report import Limit, Report, Table, as_text, number, rows_of
from benchmarks.samples import Spread

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = {"plain script": [10.0, 20.0, 30.0], "bundle file, warm": [20.0, 40.0, 60.0]}
GOOD = Limit("warm / plain", Spread(2, 2, 2, 3), 3)
BAD = Limit("rate", Spread(0.5, 0.4, 0.7, 3), 0.6, at_most=False)
TABLE = Table("Starts <here>", "A note.", rows_of("ms", FIGURES), (GOOD, BAD), chart=True)
REPORT = Report({"cores": "2"}, quick=False, tables=(TABLE, replace(TABLE, title="Others", chart=False, limits=())))


@pytest.mark.parametrize(
    ("measured", "at_most", "met"), [(3, True, True), (3.1, True, False), (3, False, True), (2.9, False, False)]
)
def test_limit(measured: float, at_most: bool, met: bool) -> None:
    """The median counts. It may equal the bound."""
    limit = Limit("x", Spread(measured, 0, 9, 3), 3, at_most=at_most)
    assert limit.is_met is met
    assert limit.verdict == ("met" if met else "NOT met")


def test_good_reports() -> None:
    """A report is good if every limit is met and no measurement failed."""
    assert not REPORT.is_good
    good = replace(REPORT, tables=(replace(TABLE, limits=(GOOD,)),))
    assert good.is_good
    assert not replace(good, failures={"soak": "RuntimeError"}).is_good


def test_json_and_back() -> None:
    """A report survives the way through JSON, which also has the verdict on every limit."""
    values = json.loads(json.dumps(REPORT.to_json()))
    assert [limit["met"] for limit in values["tables"][0]["limits"]] == [True, False]
    assert Report.from_json(values) == REPORT


def test_text() -> None:
    """The text has figures, ratios and verdicts."""
    text = "\n".join(as_text(TABLE))
    assert "bundle file, warm       40.0 ms (24.0 to 56.0; 3), ratio 2 (2 to 2)" in text
    assert "  met: warm / plain: 2 (2 to 2), limit at most 3" in text
    assert "  NOT met: rate: 0.5 (0.4 to 0.7), limit at least 0.6" in text


def test_page() -> None:
    """The page has every row and every limit. It marks a limit that is not met, and a run of few rounds."""
    text = page.render(REPORT)
    assert "| bundle file, warm | 40.0 ms | 24.0 to 56.0 | 2 | 2 to 2 | 3 |" in text
    assert "| rate | 0.5 | 0.4 to 0.7 | at least 0.6 | **NOT met** |" in text
    assert "only a few rounds.**" not in text
    assert "only a few rounds.**" in page.render(replace(REPORT, quick=True))


def test_picture() -> None:
    """The picture has a bar for every compared row of a table with a chart; the lengths are in proportion."""
    picture = ET.fromstring(plot.render(REPORT))  # noqa: S314 - our own
    bars = {name: picture.find(f".//{SVG}g[@id='Starts <here>: {name}']/{SVG}path") for name in FIGURES}
    plain, warm = (bar_length(bar.attrib["d"]) for bar in bars.values() if bar is not None)
    assert warm / plain == pytest.approx(2, rel=0.01)
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert sorted(map(str, texts)) == ["20.0 ms", "40.0 ms, 2 times", "Starts <here>", *sorted(FIGURES)]


def bar_length(path: str) -> float:
    """The length of a bar, from the commands that draw its outline."""
    corners = [float(x) for x, _ in re.findall(r"[ML] ([\d.]+) ([\d.]+)", path)]
    return max(corners) - min(corners)


def test_equal_reports_give_equal_pictures() -> None:
    """A picture depends only on its report: not on the time, and not on pictures that were drawn before."""
    assert plot.render(REPORT) == plot.render(REPORT)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0123, "0.0123"),
        (1.2345, "1.234"),
        (1.3, "1.3"),
        (12.34, "12.3"),
        (99.96, "100.0"),
        (1234.5, "1,234"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    """A figure has three or four significant digits, or all of its whole digits."""
    assert number(value) == text


def test_published_page_is_that_of_the_results() -> None:
    """The published page and picture show benchmarks/results.json: `python -m benchmarks.run --render` writes them."""
    files = Files()
    report = Report.from_json(json.loads(files.results.read_text("utf-8")))
    assert files.page.read_text("utf-8") == page.render(report)
    assert files.plot.read_text("utf-8") == plot.render(report)
    assert not report.failures
