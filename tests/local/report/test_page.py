"""The report of a Dag run: no string becomes markup, equal runs give equal pages, nothing is loaded."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dagfloe.local.report
from browser.example_run import attempt, example_run, instance, task
from dagfloe.errors import DagfloeError
from dagfloe.local.report.labels import format_duration
from dagfloe.local.report.page import render_report, write_report
from dagfloe.local.report.state_icons import ICONS
from dagfloe.local.report.timeline import choose_tick_times

HOSTILE = (
    "</script>",
    "<!--",
    "<script>",
    "]]>",
    "\u2028",
    "\ud800",
    "\x00",
    "&amp;",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "{% raw %}",
)
hostile = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=8), min_size=1, max_size=4).map("".join)
STYLE = Path(dagfloe.local.report.__file__).parent / "assets" / "style.css"


class _Page(HTMLParser):
    """A page as a browser reads it: elements with their attributes, and strings with their element's name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def inside(self, tag: str) -> list[str]:
        """Return the strings directly inside the elements of one name."""
        return [text for parent, text in self.texts if parent == tag]


def run_of(texts: list[str]) -> dict[str, Any]:
    """Return a run with these values for all of its strings."""
    one, two, three = (texts * 3)[:3]
    record = {"time": one, "level": two, "logger": three, "event": one, "fields": {two: three}, "exception": one}
    tried = {
        "try_number": 1,
        "state": two,
        "began_s": 0.5,
        "seconds": 1.0,
        "error": f"{three}\n{one}",
        "records": [record],
    }
    return {
        **example_run(),
        **dict.fromkeys(("dag_id", "run_id", "state", "bundle", "began"), one),
        "tasks": [
            task(one, kind=two, group=three, trigger_rule=two),
            task(one + two, one, is_mapped=True),
        ],
        "instances": [
            {**instance(one, two), "tries": [tried], "xcoms": {two: three}},
            {**instance(one + two, three), "map_index": 0, "label": two},
        ],
    }


@given(texts=st.lists(hostile, min_size=1, max_size=3))
def test_no_text_becomes_markup(texts: list[str]) -> None:
    """The page contains the data unchanged, and no elements but those of a run with harmless strings."""
    run = run_of(texts)
    page = _Page(render_report(run))
    (data,) = [text for text in page.inside("script") if text.startswith("{")]
    assert json.loads(data) == json.loads(json.dumps(run))
    assert data.isascii()
    assert not set("<>&") & set(data)
    allowed = {tag for tag, _ in _Page(render_report(example_run())).elements} | {"details", "summary", "pre"}
    assert {tag for tag, _ in page.elements} <= allowed
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    render_report(run).encode()


@given(texts=st.lists(hostile, min_size=1, max_size=3))
def test_equal_runs_give_equal_pages(texts: list[str]) -> None:
    """A page depends on its run only."""
    assert render_report(run_of(texts)) == render_report(json.loads(json.dumps(run_of(texts))))


def test_nothing_is_loaded() -> None:
    """All references point into the page itself, and its Content-Security-Policy allows nothing else."""
    page = render_report({**example_run(), "bundle": "bundle"})
    parsed = _Page(page)
    references = [
        value
        for _, attributes in parsed.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "poster")
    ]
    assert references
    assert all(value and value.startswith("#") for value in references)
    assert not re.search(r"https?:|[\"'(]//|@import|@font-face", page)
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {"#arrow", "#hatch"}
    (policy,) = [a["content"] for _, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy"]
    script = "".join(text for text in parsed.inside("script") if not text.startswith("{"))
    for kind, content in (("style", "".join(parsed.inside("style"))), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in str(policy)
    assert str(policy).startswith("default-src 'none';")
    assert not [name for _, attributes in parsed.elements for name in attributes if name == "style"]


def test_content_without_javascript() -> None:
    """The header, the graph and the task instances are HTML, not made by JavaScript."""
    texts = {text for _, text in _Page(render_report(example_run())).texts}
    expected = {"sales ", "join_rates", "6 mapped", "branch", "short circuit", "upstream_failed", "19.4 s", "3 · west"}
    assert expected <= texts
    assert "try 2: TimeoutError: the warehouse did not answer within 5 s" in texts


def test_empty_run() -> None:
    """A run that was stopped before its first task has a page."""
    run = {**example_run(), "state": "interrupted", "instances": [], "seconds": 0.0}
    assert "not_run" in {text for _, text in _Page(render_report(run)).texts}
    render_report({**run, "tasks": []})
    never_run = {**run, "tasks": [task("a")], "instances": [{**instance("a", ""), "state": None}]}
    texts = _Page(render_report(never_run)).inside("text")
    assert (texts[:2], texts[-1]) == (["a", "not_run"], "not run")


def test_file_is_replaced(tmp_path: Path) -> None:
    """The report replaces an older file. If it cannot be written, the error says so, and no file is left."""
    path = tmp_path / "run.html"
    path.write_text("old")
    write_report(path, example_run())
    assert path.read_text("utf-8") == render_report(example_run())
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(DagfloeError, match=r"cannot be written to .*absent.* choose another"):
        write_report(tmp_path / "absent" / "run.html", example_run())


@given(seconds=st.floats(0.001, 1e8))
def test_ticks(seconds: float) -> None:
    """An axis has at most nine ticks, from 0 on, and none after the end."""
    times = choose_tick_times(seconds)
    assert times[0] == 0
    assert len(times) <= 9
    assert times[-1] <= seconds * 1.0001
    assert seconds < 0.002 or len(times) > 1


def test_writing_to_a_pipe(tmp_path: Path) -> None:
    """A pipe gets the page, and stays a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    source = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # now, not when the other process gets so far
    writer = os.open(pipe, os.O_WRONLY)  # so that the reader does not see the end before the page
    os.set_blocking(source, True)
    reader = subprocess.Popen(["cat"], stdin=source, stdout=subprocess.PIPE, text=True)
    os.close(source)
    write_report(pipe, example_run())
    os.close(writer)
    assert reader.communicate(timeout=30)[0] == render_report(example_run())
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (0.9996, "1.0 s"),
        (59.96, "1 min 00 s"),
        (61, "1 min 01 s"),
        (3599.7, "1 h 00 min"),
        (90000, "1 d 01 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """A duration has at most two units, and is rounded into the next one."""
    assert format_duration(seconds) == text


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast(theme: int) -> None:
    """The colors of states and of text are readable on every background (WCAG AA), light and dark."""
    colors = dict(
        re.findall(r"--(\w+): (#[0-9a-f]{6});", STYLE.read_text("utf-8").split(":root {")[theme + 1].split("}")[0])
    )
    for name in ({*ICONS} - {"not_run"}) | {"other", "ink", "soft", "link"}:
        for background in ("page", "card", "faint"):
            light, dark = sorted((luminance(colors[name]), luminance(colors[background])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, background)


def test_every_state_has_a_color() -> None:
    """Every state with an icon has a CSS class with its color."""
    style = STYLE.read_text("utf-8")
    assert all(f".state-{state} {{" in style for state in ICONS)


def test_tries_are_counted_by_their_number() -> None:
    """A process that resumes after a deferral belongs to the same try."""
    run = {**example_run(), "tasks": [task("a")]}
    run["instances"] = [instance("a", "success", attempt(1, "deferred", 0, 1), attempt(1, "success", 3, 1))]
    assert _Page(render_report(run)).inside("td") == ["1", "2.0 s"]
