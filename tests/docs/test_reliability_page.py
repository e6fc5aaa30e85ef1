"""The page on reliability has a row for every fault, every wait and every soak run, and no open cell."""

from __future__ import annotations

from trust.matrix import FAULTS
from trust.page import PAGE
from trust.waits import COUNTS, WAITS, bound, count_waits


def test_every_fault_is_shown_with_its_result() -> None:
    """Every fault has a row, and no cell is open."""
    page = PAGE.read_text("utf-8")
    for fault in FAULTS:
        assert f"| {fault.when} | {fault.how} | " in page, f"{fault} is missing: run make trust"
    assert "OPEN" not in page
    assert ", 0 are open." in page


def test_every_wait_is_shown_with_its_bound() -> None:
    """The table has the bounds that the source has."""
    page = PAGE.read_text("utf-8")
    for wait in WAITS:
        assert f"| {wait.what} | {bound(wait)} | {wait.reason} |" in page, f"{wait.what}: run make trust"


def test_no_wait_is_forgotten() -> None:
    """A new wait in the runtime or in the launcher needs a row in `WAITS`, and then its number in `COUNTS`."""
    assert count_waits() == COUNTS


def test_soak_runs_are_shown() -> None:
    """The results of the soak runs are on the page, and nothing was lost or left."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").partition("## Soak")[2].splitlines()]
    runs = {row[0]: row for row in rows if len(row) == 7 and row[1].replace(",", "").isdecimal()}
    assert runs
    for row in runs.values():
        assert (row[2], row[6]) == ("0", "0"), row
