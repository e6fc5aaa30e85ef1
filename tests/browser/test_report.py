"""The report of a Dag run in a real browser: its contents and its behaviour, without requests to the network."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.example_run import attempt, example_run, instance, record, task
from browser.window import Window
from dagfloe.local.report.page import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).parents[2] / ".cache" / "screenshots"
LIGHT = {"success": (11, 122, 31), "failed": (196, 22, 28), "skipped": (176, 36, 111), "upstream_failed": (163, 82, 0)}
DARK = {
    "success": (82, 196, 101),
    "failed": (255, 123, 120),
    "skipped": (255, 141, 199),
    "upstream_failed": (255, 172, 77),
}


def test_graph(page: Window) -> None:
    """Every task is a box with its name and state, to the right of its upstream tasks and inside its group."""
    run = example_run()
    assert page.texts(".node .node-label") == [node["task_id"].rpartition(".")[2] for node in run["tasks"]]
    states = dict(zip((node["task_id"] for node in run["tasks"]), page.texts(".node .node-state"), strict=True))
    assert states["extract"] == "success"
    assert states["per_region"] == "failed"
    assert states["full_reload"] == "skipped"
    assert states["publish"] == "upstream_failed"
    boxes = dict(zip(states, page.rects(".node .node-box"), strict=True))
    assert not [pair for pair in combinations(boxes.values(), 2) if pair[0].overlaps(pair[1])]
    for node in run["tasks"]:
        for upstream in node["upstream"]:
            assert boxes[upstream].x + boxes[upstream].width < boxes[node["task_id"]].x
    for name, group in zip(("prepare", "prepare.enrich"), page.rects(".group > rect"), strict=True):
        assert [task_id for task_id, box in boxes.items() if group.contains(box)] == [
            task_id for task_id in boxes if task_id.startswith(f"{name}.")
        ]
    for box, label in zip(boxes.values(), page.rects(".node .node-label"), strict=True):
        assert box.contains(label)
    assert page.texts(".pill") == ["branch", "6 mapped", "short circuit"]
    assert page.texts(".breakdown g title") == ["1 failed", "4 success", "1 skipped"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours_are_where_the_nodes_are(page: Window, dark: bool) -> None:
    """A picture of a node has the colour of its state, and not the colour of another state."""
    page.resize(1280, dark=dark)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"report-1280{'-dark' if dark else ''}.png").write_bytes(page.screenshot())
    boxes = dict(zip(page.texts(".node .node-label"), page.rects(".node .node-box"), strict=True))
    nodes = {"extract": "success", "load": "failed", "full_reload": "skipped", "publish": "upstream_failed"}
    for label, state in nodes.items():
        shares = {name: page.share(boxes[label], colour) for name, colour in (DARK if dark else LIGHT).items()}
        assert shares.pop(state) > 0.02, label
        assert max(shares.values()) < 0.01, (label, shares)


def test_timeline(page: Window) -> None:
    """The tries are bars in their rows, in order, inside the axis and at their times; waits are between them."""
    run = example_run()
    rows = page.rects(".timeline tbody svg[role=img]")
    names = page.texts(".timeline tbody .name")
    assert len(rows) == len(names) == len(run["instances"])
    lengths = page.evaluate(
        "[...document.querySelectorAll('.timeline tbody tr')].map((row) => row.querySelectorAll('.bar').length)"
    )
    assert lengths == [len(ti["tries"]) for ti in run["instances"]]
    bars = iter(page.rects(".timeline .bar .fill"))
    for ti, row in zip(run["instances"], rows, strict=True):
        own = [next(bars) for _ in ti["tries"]]
        assert all(row.contains(bar) for bar in own)
        assert all(bar.x + bar.width < following.x for bar, following in pairwise(own))
        for bar, try_ in zip(own, ti["tries"], strict=True):
            assert abs(bar.x - row.x - row.width * try_["began_s"] / run["seconds"]) < 3
            assert abs(bar.width - row.width * try_["seconds"] / run["seconds"]) < 5
    waits = dict(zip(page.texts(".wait title"), page.rects(".wait line"), strict=True))
    assert list(waits) == ["deferred: waits 3.4 s", "up_for_reschedule: waits 1.1 s", "up_for_retry: waits 3.0 s"]
    assert all(wait.width > 20 for wait in waits.values())
    ticks = page.rects(".tick")
    assert page.texts(".tick") == ["0", "5 s", "10 s", "15 s"]
    assert not [pair for pair in combinations(ticks, 2) if pair[0].overlaps(pair[1])]
    assert "try 2: failed, from 15.2 s on, for 3.1 s" in "".join(page.texts(".bar title"))


def test_states(page: Window) -> None:
    """The table has one row for every task instance."""
    table = page.rows(".states tbody tr")
    assert len(table) == len(example_run()["instances"])
    assert ["per_region", "3 · west", "failed", "1", "1.9 s", "ValueError: west has no prices for 2026-02-28"] in table
    assert ["publish", "", "upstream_failed", "0", "", ""] in table


def test_search(page: Window) -> None:
    """A search shows, marks and counts the matching records; the filters for level and task leave fewer records."""
    total = sum(len(try_["records"]) for ti in example_run()["instances"] for try_ in ti["tries"])
    assert page.texts("#log-count") == [f"{total} records"]
    assert len(page.rects("#log-list li")) == total
    page.page.fill("#log-search", "PAGE=7")
    assert page.texts("#log-count") == [f"1 of {total} records"]
    assert page.texts("#log-list li mark") == ["page=7"]
    page.page.fill("#log-search", "warehouse.py")
    assert [summary.splitlines()[0] for summary in page.texts("#log-list li summary")] == [
        "TimeoutError: the warehouse did not answer within 5 s"
    ] * 2
    page.page.select_option("#log-level", "4")
    assert page.texts("#log-list li .level") == ["critical"]
    page.page.fill("#log-search", "no such text")
    assert page.rects("#log-list li") == []
    assert page.texts("#log-more") == ["No record matches the filters."]


def test_exceptions_fold(page: Window) -> None:
    """Tracebacks are folded until the user expands them."""
    assert page.visible("#log-list details pre") == [False, False]
    page.evaluate("document.getElementById('log-expand').click()")
    assert page.visible("#log-list details pre") == [True, True]


def test_a_click_selects(page: Window) -> None:
    """A click on a task in the graph selects it in all sections; Escape shows all tasks again."""
    box = page.rects(".node .node-box")[2]
    page.evaluate("scrollTo(0, 0)")
    page.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
    assert page.texts(".node.selected .node-label") == ["clean"]
    assert page.texts("#selection b") == ["prepare.clean"]
    assert page.texts(".states tr.selected th") == ["prepare.clean"]
    assert page.texts(".timeline tr.selected .name") == ["prepare.clean"]
    assert page.texts("#log-list .source") == ["prepare.clean"]
    assert page.texts(".xcoms tbody td") == ["rows", "19870"]
    assert len(page.rects(".edge.near")) == 3
    page.page.keyboard.press("Escape")
    assert page.texts(".node.selected .node-label") == []
    assert page.rects("#selection")[0].height == 0
    assert len(page.texts(".xcoms tbody tr")) == 5


def test_keys_reach_everything(page: Window) -> None:
    """Tab reaches all tasks and the search, and Enter selects a task."""
    reached = []
    for _ in range(60):
        page.page.keyboard.press("Tab")
        focus = page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.id")
        if focus.startswith("extract, "):
            page.page.keyboard.press("Enter")
            assert page.texts(".node.selected .node-label") == ["extract"]
        reached.append(focus)
        if focus == "log-search":
            break
    labels = page.evaluate("[...document.querySelectorAll('.node')].map((node) => node.getAttribute('aria-label'))")
    assert [label for label in reached if ", trigger rule" in label] == labels
    assert reached[-1] == "log-search"


@pytest.mark.parametrize(("width", "dark"), [(390, False), (390, True), (768, False)])
def test_nothing_is_wider_than_the_window(page: Window, width: int, dark: bool) -> None:
    """The page itself never scrolls sideways; wide parts scroll in their own frames."""
    page.resize(width, 844, dark=dark)
    page.page.reload()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"report-{width}{'-dark' if dark else ''}.png").write_bytes(page.screenshot())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    sections = page.rects("section")
    assert len(sections) == 5
    assert all(section.x >= 0 and section.x + section.width <= width for section in sections)


def test_print(page: Window) -> None:
    """On paper, no scrolling frame cuts anything off, and no controls are visible."""
    page.resize(800, media="print")
    cut = (
        "[...document.querySelectorAll('.scroll, #log-scroll')].map((frame) => frame.scrollHeight - frame.clientHeight)"
    )
    assert max(page.evaluate(cut)) <= 1
    assert set(page.visible("button, nav, #log-filter")) == {False}
    (graph,) = page.rects(".graph")
    assert graph.x + graph.width <= 800


def test_without_javascript(browser: Browser, tmp_path: Path) -> None:
    """The page shows the header, the graph, the timeline and the states, and that the rest needs JavaScript."""
    path = tmp_path / "run.html"
    write_report(path, example_run())
    with browser.new_context(java_script_enabled=False) as context:
        window = Window(context.new_page())
        window.open(path)
        cells = set(re.split(r"[\t\n]+", window.page.locator("body").inner_text()))
    assert {"join_rates", "3 · west", "Turn JavaScript on to see the logs."} <= cells


def test_many_records(window: Window, tmp_path: Path) -> None:
    """The page contains only some of 100,000 records. A search covers all of them, and scrolling adds more."""
    records = [record(n / 1000, f"row {n} of the table", fields={"n": str(n)}) for n in range(100_000)]
    run: dict[str, Any] = {**example_run(), "tasks": [task("a")]}
    run["instances"] = [instance("a", "success", attempt(1, "success", 0, 100, records=records))]
    path = tmp_path / "many.html"
    write_report(path, run)
    window.open(path)
    assert window.texts("#log-count") == ["100,001 records"]
    count = len(window.rects("#log-list li"))
    assert 0 < count < 1000
    window.evaluate("document.getElementById('log-scroll').scrollTop = 1e6")
    window.evaluate("new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(() => done())) })")
    assert count < len(window.rects("#log-list li")) < 2000
    window.page.fill("#log-search", "row 99999 ")
    assert window.texts("#log-count") == ["1 of 100,001 records"]
    assert window.texts("#log-list .message") == ["row 99999 of the table n=99999"]


def test_markup_is_shown_as_text(window: Window, tmp_path: Path) -> None:
    """Markup in a log, an XCom or an error is shown as text, and has no effect."""
    evil = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'><!--"
    run: dict[str, Any] = {**example_run(), "dag_id": evil, "tasks": [task(evil)]}
    try_ = attempt(1, "failed", 0, 1, error=evil, records=[record(0, evil, fields={evil: evil}, exception=evil)])
    run["instances"] = [instance(evil, "failed", try_, xcoms={evil: evil})]
    path = tmp_path / "hostile.html"
    write_report(path, run)
    window.open(path)
    assert window.evaluate("window.broken") is None
    assert window.rects("img") == []
    assert window.texts(".xcoms tbody td") == [evil, evil]
    assert window.texts("#log-list .message pre") == [evil]
    assert window.texts(".error p") == [evil]
    assert window.complaints == []
