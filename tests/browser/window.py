"""A page in the Chromium of this machine: its contents, input from a user, and complaints of the browser."""

from __future__ import annotations

import io
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, FloatRect, Page

Pixel = tuple[int, int, int]
#: Without these flags, Chromium connects to servers, needs a sandbox that root does not have, or draws differently.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
#: The largest difference in a channel between a pixel and the colour that it counts as.
_NEAR = 40


class Rect(NamedTuple):
    """The place of an element on the page, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Rect) -> bool:
        """Whether the two have an area in common."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return across > 0.5 and down > 0.5

    def contains(self, inner: Rect) -> bool:
        """Whether another element is inside, to a pixel."""
        return (
            self.x - 1 <= inner.x
            and self.y - 1 <= inner.y
            and inner.x + inner.width <= self.x + self.width + 1
            and inner.y + inner.height <= self.y + self.height + 1
        )


class Window:
    """A window with one page.

    Args:
        page: an empty page.

    Attributes:
        page: Playwright's page.
        complaints: errors, warnings and refusals that the browser logged since the last page was opened.
        requests: the URLs that the page requested since then.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: set[str] = set()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.add(request.url))

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded."""
        self.go(path.as_uri())

    def go(self, url: str) -> None:
        """Open a URL and wait until it is loaded."""
        self.complaints.clear()
        self.requests.clear()
        self.page.goto(url)

    def resize(
        self, width: int, height: int = 900, *, dark: bool = False, media: Literal["print", "screen"] = "screen"
    ) -> None:
        """Set the window's size, the colour scheme and the medium."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(media=media, color_scheme="dark" if dark else "light")

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        return self.page.evaluate(script)

    def screenshot(self, box: Rect | None = None) -> bytes:
        """Draw the whole page, or a part of it, as PNG."""
        clip: FloatRect | None = None
        if box is not None:
            clip = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
        return self.page.screenshot(full_page=True, clip=clip)

    def rects(self, selector: str) -> list[Rect]:
        """Return the places of the elements, measured from the page's corner."""
        boxes = self.page.eval_on_selector_all(
            selector,
            "elements => elements.map(element => element.getBoundingClientRect())"
            ".map(box => [box.x + scrollX, box.y + scrollY, box.width, box.height])",
        )
        return [Rect(*box) for box in boxes]

    def texts(self, selector: str) -> list[str]:
        """Return the text of the elements."""
        return self.page.locator(selector).all_text_contents()

    def rows(self, selector: str) -> list[list[str]]:
        """Return the visible text of the cells of the table rows."""
        rows = self.page.eval_on_selector_all(
            selector, "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
        )
        return [[" ".join(cell.split()) for cell in row] for row in rows]

    def visible(self, selector: str) -> list[bool]:
        """Return for all elements whether they are visible, and not folded away."""
        flags: list[bool] = self.page.eval_on_selector_all(
            selector, "elements => elements.map(element => element.checkVisibility())"
        )
        return flags

    def share(self, box: Rect, colour: Pixel) -> float:
        """Return the share of the pixels in a box that have about this colour, from 0 to 1."""
        image = Image.open(io.BytesIO(self.screenshot(box))).convert("RGB")
        data = image.tobytes()
        pixels = list(zip(data[::3], data[1::3], data[2::3], strict=True))
        near = [max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) < _NEAR for pixel in pixels]
        return sum(near) / len(near)

    def _on_console(self, message: ConsoleMessage) -> None:
        self.complaints.append(f"{message.type}: {message.text}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the headless Chromium of this machine, and end it with all its processes."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
