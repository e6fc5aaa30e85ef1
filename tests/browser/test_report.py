"""The report of a Dag run in a real browser: what is on the page and what it does, without asking the network."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.looking import choose, complaints, rects, rows, share, shown, texts, type_into
from browser.made_run import attempt, instance, made_run, record, task
from dagfloe.local.report.page import write_report

if TYPE_CHECKING:
    from browser.devtools import Chromium

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).parents[2] / ".cache" / "screenshots"
LIGHT = {"success": (11, 122, 31), "failed": (196, 22, 28), "skipped": (176, 36, 111), "upstream_failed": (163, 82, 0)}
DARK = {
    "success": (82, 196, 101),
    "failed": (255, 123, 120),
    "skipped": (255, 141, 199),
    "upstream_failed": (255, 172, 77),
}


def test_graph(page: Chromium) -> None:
    """Every task is a box of its own with its name and state, behind those that it follows and in its group."""
    run = made_run()
    assert texts(page, ".node .node-label") == [each["task_id"].rpartition(".")[2] for each in run["tasks"]]
    states = dict(zip((each["task_id"] for each in run["tasks"]), texts(page, ".node .node-state"), strict=True))
    assert states["extract"] == "success"
    assert states["per_region"] == "failed"
    assert states["full_reload"] == "skipped"
    assert states["publish"] == "upstream_failed"
    boxes = dict(zip(states, rects(page, ".node .node-box"), strict=True))
    assert not [pair for pair in combinations(boxes.values(), 2) if pair[0].overlaps(pair[1])]
    for each in run["tasks"]:
        for above in each["upstream"]:
            assert boxes[above].x + boxes[above].width < boxes[each["task_id"]].x
    for name, group in zip(("prepare", "prepare.enrich"), rects(page, ".group > rect"), strict=True):
        assert [task_id for task_id, box in boxes.items() if group.holds(box)] == [
            task_id for task_id in boxes if task_id.startswith(f"{name}.")
        ]
    for box, inside in zip(boxes.values(), rects(page, ".node .node-label"), strict=True):
        assert box.holds(inside)
    assert texts(page, ".pill") == ["branch", "6 mapped", "short circuit"]
    assert texts(page, ".breakdown g title") == ["1 failed", "4 success", "1 skipped"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours_are_where_the_nodes_are(page: Chromium, dark: bool) -> None:
    """A picture of each node has its state's colour, and not that of another."""
    page.look(1280, dark=dark)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"report-1280{'-dark' if dark else ''}.png").write_bytes(page.screenshot())
    boxes = dict(zip(texts(page, ".node .node-label"), rects(page, ".node .node-box"), strict=True))
    nodes = {"extract": "success", "load": "failed", "full_reload": "skipped", "publish": "upstream_failed"}
    for label, state in nodes.items():
        parts = {each: share(page, boxes[label], colour) for each, colour in (DARK if dark else LIGHT).items()}
        assert parts.pop(state) > 0.02, label
        assert max(parts.values()) < 0.01, (label, parts)


def test_timeline(page: Chromium) -> None:
    """Each try is a bar in its row, in order and at the place of its time, inside of the axis; waits are between."""
    run = made_run()
    area = rects(page, ".timeline tbody svg[role=img]")
    names = texts(page, ".timeline tbody .name")
    assert len(area) == len(names) == len(run["instances"])
    lengths = page.run(
        "[...document.querySelectorAll('.timeline tbody tr')].map((row) => row.querySelectorAll('.bar').length)"
    )
    assert lengths == [len(each["tries"]) for each in run["instances"]]
    bars = iter(rects(page, ".timeline .bar .fill"))
    for each, whole in zip(run["instances"], area, strict=True):
        own = [next(bars) for _ in each["tries"]]
        assert all(whole.holds(bar) for bar in own)
        assert all(one.x + one.width < other.x for one, other in pairwise(own))
        for bar, tried in zip(own, each["tries"], strict=True):
            assert abs(bar.x - whole.x - whole.width * tried["began_s"] / run["seconds"]) < 3
            assert abs(bar.width - whole.width * tried["seconds"] / run["seconds"]) < 5
    waits = dict(zip(texts(page, ".wait title"), rects(page, ".wait line"), strict=True))
    assert list(waits) == ["deferred: waits 3.4 s", "up_for_reschedule: waits 1.1 s", "up_for_retry: waits 3.0 s"]
    assert all(wait.width > 20 for wait in waits.values())
    ticks = rects(page, ".tick")
    assert texts(page, ".tick") == ["0", "5 s", "10 s", "15 s"]
    assert not [pair for pair in combinations(ticks, 2) if pair[0].overlaps(pair[1])]
    assert "try 2: failed, from 15.2 s on, for 3.1 s" in "".join(texts(page, ".bar title"))


def test_states(page: Chromium) -> None:
    """The table has a row for each task instance."""
    table = rows(page, ".states tbody tr")
    assert len(table) == len(made_run()["instances"])
    assert ["per_region", "3 · west", "failed", "1", "1.9 s", "ValueError: west has no prices for 2026-02-28"] in table
    assert ["publish", "", "upstream_failed", "0", "", ""] in table


def test_search(page: Chromium) -> None:
    """A search leaves the records that have the text, marks it and counts them; levels and tasks leave fewer still."""
    total = sum(len(tried["records"]) for each in made_run()["instances"] for tried in each["tries"])
    assert texts(page, "#log-count") == [f"{total} records"]
    assert len(rects(page, "#log-list li")) == total
    type_into(page, "#log-search", "PAGE=7")
    assert texts(page, "#log-count") == [f"1 of {total} records"]
    assert texts(page, "#log-list li mark") == ["page=7"]
    type_into(page, "#log-search", "warehouse.py")
    assert [text.splitlines()[0] for text in texts(page, "#log-list li summary")] == [
        "TimeoutError: the warehouse did not answer within 5 s"
    ] * 2
    choose(page, "#log-level", "4")
    assert texts(page, "#log-list li .level") == ["critical"]
    type_into(page, "#log-search", "no such text")
    assert rects(page, "#log-list li") == []
    assert texts(page, "#log-more") == ["No record fits the filters."]


def test_exceptions_fold(page: Chromium) -> None:
    """A traceback is folded until it is wanted."""
    assert shown(page, "#log-list details pre") == [False, False]
    page.run("document.getElementById('log-unfold').click()")
    assert shown(page, "#log-list details pre") == [True, True]


def test_a_click_selects(page: Chromium) -> None:
    """A task that is clicked in the graph is shown everywhere; Escape shows all again."""
    box = rects(page, ".node .node-box")[2]
    page.run("scrollTo(0, 0)")
    page.click(box.x + box.width / 2, box.y + box.height / 2)
    assert texts(page, ".node.selected .node-label") == ["clean"]
    assert texts(page, "#selection b") == ["prepare.clean"]
    assert texts(page, ".states tr.selected th") == ["prepare.clean"]
    assert texts(page, ".timeline tr.selected .name") == ["prepare.clean"]
    assert texts(page, "#log-list .source") == ["prepare.clean"]
    assert texts(page, ".xcoms tbody td") == ["rows", "19870"]
    assert len(rects(page, ".edge.near")) == 3
    page.press("Escape")
    assert texts(page, ".node.selected .node-label") == []
    assert rects(page, "#selection")[0].height == 0
    assert len(texts(page, ".xcoms tbody tr")) == 5


def test_keys_reach_everything(page: Chromium) -> None:
    """Tab comes to each task, and to the search; Enter selects; where the focus is can be seen."""
    reached = []
    for _ in range(60):
        page.press("Tab")
        where = page.run("document.activeElement.getAttribute('aria-label') || document.activeElement.id")
        if where.startswith("extract, "):
            page.press("Enter")
            assert texts(page, ".node.selected .node-label") == ["extract"]
        reached.append(where)
        if where == "log-search":
            break
    labels = page.run("[...document.querySelectorAll('.node')].map((each) => each.getAttribute('aria-label'))")
    assert [each for each in reached if ", trigger rule" in each] == labels
    assert reached[-1] == "log-search"


@pytest.mark.parametrize(("width", "dark"), [(390, False), (390, True), (768, False)])
def test_nothing_is_wider_than_the_window(page: Chromium, width: int, dark: bool) -> None:
    """The page itself never scrolls sideways; what is wide scrolls in its own frame."""
    page.look(width, 844, dark=dark)
    page.reload()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"report-{width}{'-dark' if dark else ''}.png").write_bytes(page.screenshot())
    assert page.run("document.documentElement.scrollWidth") == width
    sections = rects(page, "section")
    assert len(sections) == 5
    assert all(each.x >= 0 and each.x + each.width <= width for each in sections)


def test_print(page: Chromium) -> None:
    """On paper nothing is cut off by a frame that would have to be scrolled, and no controls are in the way."""
    page.look(800, media="print")
    cut = "[...document.querySelectorAll('.scroll, #log-scroll')].map((each) => each.scrollHeight - each.clientHeight)"
    assert max(page.run(cut)) <= 1
    assert set(shown(page, "button, nav, #log-filter")) == {False}
    (graph,) = rects(page, ".graph")
    assert graph.x + graph.width <= 800


def test_without_javascript(page: Chromium) -> None:
    """The header, the graph, the timeline and the states are there; the rest says why it is not."""
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.reload()
        page.run("1")
        tree = page.call("DOMSnapshot.captureSnapshot", computedStyles=[])
        visible = {tree["strings"][text] for text in tree["documents"][0]["layout"]["text"] if text >= 0}
    finally:
        page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert {"sales ", "join_rates", "3 · west", "Logs are shown by JavaScript, which is off."} <= visible


def test_many_records(browser: Chromium, tmp_path: Path) -> None:
    """Of 100,000 records only some are in the page at once; all are searched, and scrolling brings more."""
    records = [record(n / 1000, f"row {n} of the table", fields={"n": str(n)}) for n in range(100_000)]
    run: dict[str, Any] = {**made_run(), "tasks": [task("a")]}
    run["instances"] = [instance("a", "success", attempt(1, "success", 0, 100, records=records))]
    path = tmp_path / "many.html"
    write_report(path, run)
    browser.open(path)
    assert texts(browser, "#log-count") == ["100,001 records"]
    few = len(rects(browser, "#log-list li"))
    assert 0 < few < 1000
    browser.run("document.getElementById('log-scroll').scrollTop = 1e6")
    browser.run("new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(() => done())) })")
    assert few < len(rects(browser, "#log-list li")) < 2000
    type_into(browser, "#log-search", "row 99999 ")
    assert texts(browser, "#log-count") == ["1 of 100,001 records"]
    assert texts(browser, "#log-list .message") == ["row 99999 of the table n=99999"]


def test_hostile_texts_stay_texts(browser: Chromium, tmp_path: Path) -> None:
    """What looks like markup in a log, an XCom or an error is shown, and does nothing."""
    evil = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'><!--"
    run: dict[str, Any] = {**made_run(), "dag_id": evil, "tasks": [task(evil)]}
    tried = attempt(1, "failed", 0, 1, error=evil, records=[record(0, evil, fields={evil: evil}, exception=evil)])
    run["instances"] = [instance(evil, "failed", tried, xcoms={evil: evil})]
    path = tmp_path / "hostile.html"
    write_report(path, run)
    browser.open(path)
    assert browser.run("window.broken") is None
    assert rects(browser, "img") == []
    assert texts(browser, ".xcoms tbody td") == [evil, evil]
    assert texts(browser, "#log-list .message pre") == [evil]
    assert texts(browser, ".error p") == [evil]
    assert complaints(browser) == []
