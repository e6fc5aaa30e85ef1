"""The browser, and a window with the page of the example run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.example_run import example_run
from browser.window import Window, chromium
from dagfloe.local.report.page import write_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one browser for all tests."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    """Open an empty window without cookies and caches of other tests."""
    with browser.new_context() as context:
        yield Window(context.new_page())


@pytest.fixture
def page(window: Window, tmp_path: Path) -> Iterator[Window]:
    """Open the page of the example run in a wide window. After the test, check that the browser had no complaints."""
    path = tmp_path / "run.html"
    write_report(path, example_run())
    window.resize(1280)
    window.open(path)
    yield window
    assert window.complaints == []
    assert window.requests == {path.as_uri()}
