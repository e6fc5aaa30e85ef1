"""The browser, and the made run's page in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.devtools import Chromium, chromium
from browser.looking import complaints, requests
from browser.made_run import made_run
from dagfloe.local.report.page import write_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
def page(browser: Chromium, tmp_path: Path) -> Iterator[Chromium]:
    """The made run's page in a wide window; nothing may be wrong with it when the test is over."""
    path = tmp_path / "run.html"
    write_report(path, made_run())
    browser.look(1280)
    browser.open(path)
    yield browser
    assert complaints(browser) == []
    assert requests(browser) == {path.as_uri()}
