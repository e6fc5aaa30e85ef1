"""What the report calls and how it draws states, durations and numbers of them. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dagfloe.local.report.markup import Html, element, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NOT_RUN = "not_run"
#: Each state's icon, a path in a square of 16. Where instances differ, the first one here is their task's state.
ICONS = {
    "failed": "M4 4l8 8M12 4l-8 8",
    "upstream_failed": "M13.5 8H3M7 4L3 8l4 4",
    "interrupted": "M4.5 4.5h7v7h-7z",
    "running": "M5 3.5v9l7-4.5z",
    "queued": "M3 4.5h10M3 8h10M3 11.5h10",
    "up_for_retry": "M12.6 9.5A5 5 0 1 1 11.4 4.3M12.5 2v3.2H9.3",
    "up_for_reschedule": "M8 2.8a5.2 5.2 0 1 0 .01 0M8 5v3.3l2.2 1.6",
    "deferred": "M5.8 3.5v9M10.2 3.5v9",
    "awaiting_input": "M8 3a2.3 2.3 0 1 0 .01 0M3 13.3c.8-4 9.2-4 10 0",
    NOT_RUN: "M8 3.5a4.5 4.5 0 1 0 .01 0",
    "success": "M3 8.6l3.4 3.4L13 4.6",
    "skipped": "M3 4l4.5 4L3 12M8.5 4l4.5 4-4.5 4",
    "removed": "M3.5 8h9",
}
_OTHER = "other"


def state_class(state: str) -> str:
    """The class by which a state is coloured."""
    return f"state-{state if state in ICONS else _OTHER}"


def state_of(instance: Mapping[str, Any]) -> str:
    """A task instance's state; one to which nothing happened has none."""
    return instance["state"] or NOT_RUN


def icon(state: str, **attributes: float) -> Html:
    """A state's icon, of 16 by 16."""
    known = state if state in ICONS else NOT_RUN
    use = element("use", href=f"#icon-{known}")
    if attributes:
        return element("g", use, class_="icon", transform=f"translate({attributes['x']:g} {attributes['y']:g})")
    return element("svg", use, class_="icon", viewBox="0 0 16 16", width=14, height=14, aria_hidden="true")


def badge(state: str) -> Html:
    """A state's icon and name."""
    return element("span", icon(state), element("span", state), class_=f"badge {state_class(state)}")


def definitions() -> Html:
    """The icons, and the hatching of bars, for the other pictures of the page to use."""
    icons = [element("g", element("path", d=path), id=f"icon-{state}") for state, path in ICONS.items()]
    hatch = element(
        "pattern",
        element("path", d="M-1 7L7-1M5 13L13 5M-1 13L13-1"),
        id="hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
    )
    arrow = element(
        "marker",
        element("path", d="M0 0L8 4L0 8z"),
        id="arrow",
        viewBox="0 0 8 8",
        refX=7,
        refY=4,
        markerWidth=7,
        markerHeight=7,
        orient="auto",
    )
    return element("svg", element("defs", *icons, hatch, arrow), class_="definitions", aria_hidden="true")


def worst(states: Iterable[str]) -> str:
    """The one state that is shown for several."""
    order = list(ICONS)
    return min(states, key=lambda state: order.index(state) if state in ICONS else -1, default=NOT_RUN)


def tally(states: Iterable[str]) -> list[tuple[str, int]]:
    """How many there are of each state, in a fixed order."""
    order = list(ICONS)
    counted = Counter(states).items()
    return sorted(counted, key=lambda each: (order.index(each[0]) if each[0] in ICONS else -1, each[0]))


def tally_text(states: Iterable[str]) -> str:
    """Such as `2 failed, 10 success`."""
    return ", ".join(f"{count} {state}" for state, count in tally(states))


def duration(seconds: float) -> str:
    """A duration in the two units that matter."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02d} h"
    return f"{hours} h {minute:02d} min" if hours else f"{minute} min {second:02d} s"


def instance_name(instance: Mapping[str, Any]) -> str:
    """A task instance's task_id, and which of the mapped ones it is."""
    return str(instance["task_id"]) + (f" [{index_text(instance)}]" if instance["map_index"] >= 0 else "")


def index_text(instance: Mapping[str, Any]) -> str:
    """A mapped task instance's index, and its label."""
    if instance["map_index"] < 0:
        return ""
    return str(instance["map_index"]) + (f" · {instance['label']}" if instance["label"] else "")


def tries_of(instance: Mapping[str, Any]) -> int:
    """How often it was tried; coming back from a deferral is no new try."""
    return len({each["try_number"] for each in instance["tries"]})


def errors_of(instance: Mapping[str, Any]) -> list[str]:
    """What went wrong in each try, with the try's number where there were several; and why it was not run at all."""
    many = tries_of(instance) > 1
    errors = [
        (f"try {each['try_number']}: " if many else "") + each["error"] for each in instance["tries"] if each["error"]
    ]
    note = instance.get("error")
    return errors if note is None or any(each["error"] == note for each in instance["tries"]) else [*errors, note]


def counts(states: Sequence[str]) -> Html:
    """The numbers of each state, as badges."""
    items = [element("li", badge(state), " ", element("b", str(count))) for state, count in tally(states)]
    return element("ul", join(*items), class_="counts", aria_label="Task instances by state")
