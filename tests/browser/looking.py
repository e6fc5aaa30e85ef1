"""What a test sees on a page, and does to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from browser.png import pixels

if TYPE_CHECKING:
    from browser.devtools import Chromium
    from browser.png import Pixel

#: What the browser says when something is wrong with a page.
_COMPLAINTS = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")


class Rect(NamedTuple):
    """Where something is on the page, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Rect) -> bool:
        """Whether the two have any area in common."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return across > 0.5 and down > 0.5

    def holds(self, other: Rect) -> bool:
        """Whether the other is inside, to a pixel."""
        return (
            self.x - 1 <= other.x
            and self.y - 1 <= other.y
            and other.x + other.width <= self.x + self.width + 1
            and other.y + other.height <= self.y + self.height + 1
        )


def rects(page: Chromium, selector: str) -> list[Rect]:
    """Where the elements are, from the page's corner."""
    found = page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.getBoundingClientRect())"
        ".map((box) => [box.x + scrollX, box.y + scrollY, box.width, box.height])"
    )
    return [Rect(*each) for each in found]


def texts(page: Chromium, selector: str) -> list[str]:
    """What the elements say."""
    found: list[str] = page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)"
    )
    return found


def type_into(page: Chromium, selector: str, text: str) -> None:
    """Replace what is in a field, as an author's keys would."""
    page.run(f"document.querySelector({json.dumps(selector)}).select()")
    page.run(f"document.querySelector({json.dumps(selector)}).focus()")
    page.call("Input.insertText", text=text)


def choose(page: Chromium, selector: str, value: str) -> None:
    """Choose an option."""
    field = f"document.querySelector({json.dumps(selector)})"
    page.run(f"{field}.value = {json.dumps(value)}; {field}.dispatchEvent(new Event('change'))")


def share(page: Chromium, box: Rect, colour: Pixel) -> float:
    """How much of a part of the page is of about this colour."""
    picture = pixels(page.screenshot(**box._asdict()))
    near = [max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) < 40 for row in picture for pixel in row]
    return sum(near) / len(near)


def shown(page: Chromium, selector: str) -> list[bool]:
    """Whether each of the elements is to be seen, and not folded away."""
    found: list[bool] = page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.checkVisibility())"
    )
    return found


def rows(page: Chromium, selector: str) -> list[list[str]]:
    """What the cells of each row say, as it is seen."""
    found = page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})]"
        ".map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    return [[" ".join(cell.split()) for cell in row] for row in found]


def complaints(page: Chromium) -> list[dict[str, Any]]:
    """What the browser has to say against the page: errors, refusals of its policy, and what it logs."""
    page.run("1")  # what was told before this answer has been read
    return [event for event in page.events if event.get("method") in _COMPLAINTS]


def requests(page: Chromium) -> set[str]:
    """What the page has asked the network, or the disk, for."""
    page.run("1")
    return {each["request"]["url"] for each in page.told("Network.requestWillBeSent")}
