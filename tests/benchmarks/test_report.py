"""What is measured, as JSON, as text, as a page and as a picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from benchmarks import page, plot
from benchmarks.files import Files
from benchmarks.report import Limit, Report, Table, as_text, number, rows_of
from benchmarks.samples import Spread

FIGURES = {"plain script": [10.0, 20.0, 30.0], "bundle file, warm": [20.0, 40.0, 60.0]}
GOOD = Limit("warm / plain", Spread(2, 2, 2, 3), 3)
BAD = Limit("rate", Spread(0.5, 0.4, 0.7, 3), 0.6, at_most=False)
TABLE = Table("Starts <here>", "A note.", rows_of("ms", FIGURES), (GOOD, BAD), chart=True)
REPORT = Report({"cores": "2"}, quick=False, tables=(TABLE, replace(TABLE, title="Others", chart=False, limits=())))


@pytest.mark.parametrize(
    ("seen", "at_most", "met"), [(3, True, True), (3.1, True, False), (3, False, True), (2.9, False, False)]
)
def test_limit(seen: float, at_most: bool, met: bool) -> None:
    """The median counts, and the bound itself is allowed."""
    limit = Limit("x", Spread(seen, 0, 9, 3), 3, at_most=at_most)
    assert limit.is_met is met
    assert limit.verdict == ("met" if met else "NOT met")


def test_good_reports() -> None:
    """A report is good when every limit is met and everything was measured."""
    assert not REPORT.is_good
    good = replace(REPORT, tables=(replace(TABLE, limits=(GOOD,)),))
    assert good.is_good
    assert not replace(good, failures={"soak": "RuntimeError"}).is_good


def test_json_and_back() -> None:
    """Nothing is lost, and what became of each limit is told."""
    told = json.loads(json.dumps(REPORT.to_json()))
    assert [limit["met"] for limit in told["tables"][0]["limits"]] == [True, False]
    assert Report.from_json(told) == REPORT


def test_text() -> None:
    """Figures, ratios and verdicts."""
    text = "\n".join(as_text(TABLE))
    assert "bundle file, warm       40.0 ms (24.0 to 56.0; 3), ratio 2 (2 to 2)" in text
    assert "  met: warm / plain: 2 (2 to 2), at most 3 is wanted" in text
    assert "  NOT met: rate: 0.5 (0.4 to 0.7), at least 0.6 is wanted" in text


def test_page() -> None:
    """Every row and every limit is on the page; one that is not met stands out, and so do few rounds."""
    text = page.render(REPORT)
    assert "| bundle file, warm | 40.0 ms | 24.0 to 56.0 | 2 | 2 to 2 | 3 |" in text
    assert "| rate | 0.5 | 0.4 to 0.7 | at least 0.6 | **NOT met** |" in text
    assert "few rounds.**" not in text
    assert "few rounds.**" in page.render(replace(REPORT, quick=True))


def test_picture() -> None:
    """It is well-formed; the drawn tables' rows are bars, whose lengths are in proportion."""
    root = ET.fromstring(plot.render(REPORT))  # noqa: S314 - our own
    bars = [float(bar.attrib["width"]) for bar in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert bars[1] / bars[0] == pytest.approx(2, rel=0.01)
    assert len(bars) == 2
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["Starts <here>", "plain script", "20.0 ms", "bundle file, warm", "40.0 ms, 2 times"]


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
    """Three or four digits that count, or all whole ones."""
    assert number(value) == text


def test_published_page_is_that_of_the_results() -> None:
    """Page and picture are made of benchmarks/results.json."""
    files = Files()
    report = Report.from_json(json.loads(files.results.read_text("utf-8")))
    assert files.page.read_text("utf-8") == page.render(report)
    assert files.plot.read_text("utf-8") == plot.render(report)
    assert not report.failures
