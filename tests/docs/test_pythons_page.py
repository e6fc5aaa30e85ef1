"""The page of the Pythons has a row for each, and shows what failed."""

from __future__ import annotations

from typing import Any

from pythons.page import PAGE, page
from support.pythons import SUPPORTED


def suite(tests: int, *failed: str) -> dict[str, Any]:
    """The result of a suite in which two tests were skipped."""
    return {"tests": tests, "failed": list(failed), "skipped": 2}


def test_every_python_has_its_row() -> None:
    """Each supported Python has a row with the results of all suites."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| 3.")]
    rows = [
        cells for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines) if len(cells) == 6
    ]
    assert [".".join(cells[0].split(".")[:2]) for cells in rows] == list(SUPPORTED)
    for cells in rows:
        assert all(int(cell.split(" / ")[0]) > 0 for cell in cells[3:]), cells


def test_results_are_shown_as_they_are() -> None:
    """A row counts what passed, failed and was skipped; the failures, and what did not run, have their names."""
    result = {"version": "3.12.1", "source": "this machine", "libc": "glibc 2.36", "frozen": suite(9, "a::b")}
    text = page({"3.12": {**result, "unfrozen": suite(5)}})
    assert "| 3.12.1 | this machine | glibc 2.36 | 6 / 1 / 2 | not tested | 3 / 0 / 2 |\n" in text
    assert "| 3.12.1 | `a::b` |\n" in text
    assert "| 3.10 | | | not tested | not tested | not tested |\n" in text
    assert "These tests failed" not in page({"3.12": {**result, "frozen": suite(9)}})
