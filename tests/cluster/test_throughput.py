"""The table of throughput, and the section of the page that it replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster import page
from cluster.row import BUNDLE
from cluster.throughput import MIB, PARTS, Cost, describe

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

COST = Cost(BUNDLE, 100, 20.0, {part: number / 100 for number, part in enumerate(PARTS, 1)}, 9.6 * MIB)


def test_line_of_a_cost() -> None:
    """A cost becomes a line with the rate, milliseconds and MiB."""
    head, _, line = describe([COST])
    assert line == "| 100 | bundle file | 20 | 5.0 | 10 | 20 | 30 | 40 | 10 MiB |"
    assert head.count("|") == line.count("|")


def test_only_its_section_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The section is replaced, also by a second run, and stays when the scenarios write the page again."""
    file = tmp_path / "page.md"
    file.write_text(page.page([]), "utf-8")
    before = file.read_text("utf-8").partition(page.MARK)[0]
    monkeypatch.setattr(page, "PAGE", file)
    for about in ("cores 1", "cores 2"):
        page.write_throughput(about, describe([COST]))
    text = file.read_text("utf-8")
    assert text.startswith(before)
    assert text.count("## Throughput") == 1
    assert "cores 2" in text
    assert "cores 1" not in text
    assert page.page([], text.split(page.MARK)[1]) == text
