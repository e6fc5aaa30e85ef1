"""The site of the documentation in a real browser, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
SITE = Path(__file__).parents[2] / ".cache" / "site"
#: By how many pixels the page is wider than its window.
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: Types words into the search, and waits for the first result.
SEARCH = """
new Promise(resolve => {
  const result = () => document.querySelector(".md-search-result__item a")?.innerText
  const input = document.querySelector(".md-search__input")
  const watch = new MutationObserver(() => result() && resolve(result()))
  watch.observe(document.querySelector(".md-search-result"), {childList: true, subtree: true})
  input.focus()
  input.value = "WORDS"
  input.dispatchEvent(new Event("keyup"))
})
"""


@pytest.fixture
def site() -> Path:
    """Return the folder where `make docs` puts the site."""
    assert (SITE / "index.html").exists(), "the site is missing: run `make docs` first"
    return SITE


@pytest.mark.parametrize("width", [390, 1280])
def test_pages(window: Window, site: Path, width: int) -> None:
    """No page is wider than its window, causes complaints, or sends requests to the network."""
    window.resize(width)
    pages = sorted(set(site.rglob("*.html")) - {site / "404.html"})  # only a server shows it
    assert len(pages) > 25
    for page in pages:
        window.open(page)
        assert window.evaluate(TOO_WIDE) == 0, page
        assert window.complaints == [], page
        assert {url for url in window.requests if not url.startswith(("file:", "data:"))} == set(), page


def test_search(window: Window, site: Path) -> None:
    """The search works without a server."""
    window.resize(1280)
    window.open(site / "how-to" / "tasks.html")
    assert window.evaluate(SEARCH.replace("WORDS", "human"))
    assert window.evaluate(SEARCH.replace("WORDS", "retries")).startswith("Testing")
    assert window.complaints == []
