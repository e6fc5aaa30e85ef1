"""The documentation's site, read from its folder in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
SITE = Path(__file__).parents[2] / ".cache" / "site"
#: What is wider than the page without a scroll bar of its own.
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: Types words into the search, and waits for the first page that is found.
SEARCH = """
new Promise(resolve => {
  const seen = () => document.querySelector(".md-search-result__item a")?.innerText
  const input = document.querySelector(".md-search__input")
  const watch = new MutationObserver(() => seen() && resolve(seen()))
  watch.observe(document.querySelector(".md-search-result"), {childList: true, subtree: true})
  input.focus()
  input.value = "WORDS"
  input.dispatchEvent(new Event("keyup"))
})
"""


@pytest.fixture
def site() -> Path:
    """Where `make docs` puts it."""
    assert (SITE / "index.html").exists(), "the site is missing: run `make docs` first"
    return SITE


@pytest.mark.parametrize("width", [390, 1280])
def test_pages(window: Window, site: Path, width: int) -> None:
    """No page is wider than its window, complains, or asks the network."""
    window.resize(width)
    pages = sorted(set(site.rglob("*.html")) - {site / "404.html"})  # which only a server shows
    assert len(pages) > 25
    for page in pages:
        window.open(page)
        assert window.evaluate(TOO_WIDE) == 0, page
        assert window.complaints == [], page
        assert {url for url in window.requests if not url.startswith(("file:", "data:"))} == set(), page


def test_search(window: Window, site: Path) -> None:
    """What is searched for is found, without a server."""
    window.resize(1280)
    window.open(site / "how-to" / "tasks.html")
    assert window.evaluate(SEARCH.replace("WORDS", "human"))
    assert window.evaluate(SEARCH.replace("WORDS", "retries")).startswith("Testing")
    assert window.complaints == []
