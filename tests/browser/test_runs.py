"""Reports that `dagfloe run` writes about the examples, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.commands.run import run
from dagfloe.runtime.metadata import platform_tag

if TYPE_CHECKING:
    from browser.window import Window

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / ".cache" / "screenshots"


def report(window: Window, path: Path, *args: str) -> None:
    """Run a bundle, and open its report."""
    result = CliRunner().invoke(run, [*args, "--max-wait", "0.2", "--report", str(path), "-q"])
    assert result.exit_code == 0, result.output
    window.resize(1280)
    window.open(path)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"{path.stem}.png").write_bytes(window.screenshot())


def test_weather(window: Window, tmp_path: Path) -> None:
    """The page of the weather bundle's file shows the graph, the timeline and the logs."""
    path = tmp_path / "run-weather.html"
    database = str(tmp_path / "weather.db").replace("/", "%2F")
    file = str(ROOT / "dist" / platform_tag() / "weather")
    report(window, path, file, "--conn", f"weather_db=sqlite://{database}")
    assert window.texts(".node .node-label") == ["extract", "aggregate", "load"]
    assert window.texts(".node .node-state") == ["success"] * 3
    boxes = window.rects(".node .node-box")
    assert boxes[0].x < boxes[1].x < boxes[2].x
    bars = window.rects(".timeline .bar .fill")
    assert len(bars) == 3
    assert bars[0].x < bars[1].x < bars[2].x
    assert "the wettest is 2015-12" in "".join(window.texts("#log-list li"))
    assert (window.complaints, window.requests) == ([], {path.as_uri()})


def test_orders(window: Window, tmp_path: Path) -> None:
    """The page of the orders shows the group, the mapped task with two tries, the skip and the question."""
    path = tmp_path / "run-orders.html"
    report(window, path, str(ROOT / "bundles" / "orders"), "--seed", str(ROOT / "bundles" / "orders" / "seed.toml"))
    states = dict(zip(window.texts(".node .node-label"), window.texts(".node .node-state"), strict=True))
    assert states["wait_for_closing"] == "skipped"
    assert set(states.values()) == {"success", "skipped"}
    (group,) = window.rects(".group > rect")
    boxes = dict(zip(states, window.rects(".node .node-box"), strict=True))
    assert [label for label, box in boxes.items() if group.contains(box)] == ["currencies", "rate"]
    assert window.texts(".pill") == ["3 mapped", "branch"]
    assert {"up_for_retry", "awaiting_input"} <= {title.partition(":")[0] for title in window.texts(".wait title")}
    window.page.fill("#log-search", "the exchange did not answer")
    assert len(window.texts("#log-list li")) == 1
    assert (window.complaints, window.requests) == ([], {path.as_uri()})
