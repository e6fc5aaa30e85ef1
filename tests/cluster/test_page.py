"""The page of the cluster has a row of every scenario, and no fault of a bundle file."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from cluster.page import MARK, PAGE, page, write
from cluster.row import BUNDLE, ORDINARY, Row

if TYPE_CHECKING:
    from pathlib import Path


def _row(tasks: str, retried: int = 0, doubled: int = 0, orphans: int = 0) -> Row:
    return Row("a scenario", tasks, 4, 4, retried, 0, doubled, orphans, seconds=1.4, note="2 on a")


def test_rows_and_sums(tmp_path: Path) -> None:
    """A result becomes a line, and the sums are of each kind of tasks."""
    rows = [asdict(_row(BUNDLE, retried=1)), asdict(_row(ORDINARY, doubled=2, orphans=3))]
    file = tmp_path / "results" / "3.3.2.json"
    write(file, "3.3.2", "cores 2", rows, 12.3)
    lines = page([json.loads(file.read_text("utf-8"))]).splitlines()
    assert "| a scenario | bundle file | 4 | 4 | 1 | 0 | 0 | 0 | 1 | 2 on a |" in lines
    assert "| a scenario | ordinary | 4 | 4 | 0 | 0 | 2 | 3 | 1 | 2 on a |" in lines
    assert "Bundle files: 4 task instances, 0 lost, 0 doubled, 0 orphans." in lines
    assert "Ordinary tasks: 4 task instances, 0 lost, 2 doubled, 3 orphans." in lines


def test_a_row_that_fails_says_why() -> None:
    """A requirement that is not met becomes a fault, and is in the line for people."""
    row = _row(BUNDLE)
    row.require(is_met=True, otherwise="never")
    assert row.faults == []
    row.require(is_met=False, otherwise="2 orphans")
    assert row.faults == ["2 orphans"]
    assert "FAULT: 2 orphans" in row.describe()


def test_published_page() -> None:
    """On the published page, bundle files lost and doubled nothing, and left nothing."""
    scenarios = PAGE.read_text("utf-8").partition(MARK)[0]
    rows = [line.split(" | ") for line in scenarios.splitlines() if f"| {BUNDLE} |" in line]
    assert len(rows) > 10
    # The tasks of the examples write no lines, so that nothing counts doubled ones.
    assert {tuple(row[5:8]) for row in rows} == {("0", "0", "0"), ("0", "-", "0")}
    assert all(row[2] == row[3] for row in rows)
