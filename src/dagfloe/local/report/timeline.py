"""The timeline of a Dag run: a row for each task instance, a bar for each try. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dagfloe.local.report.markup import Html, element
from dagfloe.local.report.state_badges import badge, duration, instance_name, state_class, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Instance = Mapping[str, Any]

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MAX_TICKS = 8
_MIN_WIDTH = 0.4  # percent; a bar of nothing would not be seen


def ticks(seconds: float) -> list[float]:
    """The times that the axis names: round ones, at most eight, from 0 on."""
    step = next((each for each in _steps() if seconds / each < _MAX_TICKS), 86400.0 * (seconds // 86400 // 4 + 1))
    return [step * number for number in range(int(seconds / step) + 1)]


def render_timeline(instances: Sequence[Instance], numbers: Mapping[str, int], seconds: float) -> Html:
    """The timeline as a table, whose cells are pictures.

    Args:
        instances: the task instances.
        numbers: the number by which the page knows each task.
        seconds: how long the Dag run took.
    """
    ends = [each["began_s"] + each["seconds"] for instance in instances for each in instance["tries"]]
    whole = max([seconds, *ends]) or 1.0
    marks = ticks(whole)
    axis = [
        element("text", _tick(mark, marks[-1]), x=f"{100 * mark / whole:.3f}%", y=14, class_="tick") for mark in marks
    ]
    grid = [element("rect", x=f"{100 * mark / whole:.3f}%", y=0, width=1, height="100%") for mark in marks]
    return element(
        "table",
        element("caption", "When each task instance ran, from the run's begin on; hatched: no success, dotted: a wait"),
        element(
            "thead",
            element(
                "tr",
                element("th", "Task instance", scope="col"),
                element(
                    "th",
                    element("svg", element("symbol", *grid, id="grid"), *axis, height=20, aria_hidden="true"),
                    element("span", "Time", class_="only-heard"),
                    scope="col",
                ),
            ),
        ),
        element("tbody", *(_row(each, numbers, whole) for each in instances)),
        class_="timeline",
    )


def _steps() -> list[float]:
    small = [digit / 10**power for power in (3, 2, 1) for digit in (1, 2, 5)]
    return [*small, *(float(each) for each in _STEPS)]


def _tick(mark: float, last: float) -> str:
    if not mark:
        return "0"
    for unit, size, least in (("d", 86400, 172800), ("h", 3600, 7200), ("min", 60, 120), ("s", 1, 1)):
        if last >= least:
            return f"{mark / size:.4g} {unit}"
    return f"{mark * 1000:.4g} ms"


def _row(instance: Instance, numbers: Mapping[str, int], whole: float) -> Html:
    tries = instance["tries"]
    name = instance_name(instance)
    parts = [_wait(before, after, whole) for before, after in pairwise(tries)]
    parts += [_bar(name, each, whole) for each in tries]
    if not tries:
        parts.append(element("text", _not_run(instance), class_="not-run", x=6, y=15))
    return element(
        "tr",
        element("th", badge(state_of(instance)), element("span", name, class_="name"), scope="row", title=name),
        element(
            "td",
            element(
                "svg",
                element("use", href="#grid", class_="grid", width="100%", height="100%"),
                *parts,
                height=22,
                role="img",
                aria_label=_spoken(instance),
            ),
        ),
        data_task=str(numbers[instance["task_id"]]) if instance["task_id"] in numbers else None,
    )


def _told(attempt: Mapping[str, Any]) -> str:
    return (
        f"try {attempt['try_number']}: {attempt['state']}, "
        f"from {duration(attempt['began_s'])} on, for {duration(attempt['seconds'])}"
    )


def _spoken(instance: Instance) -> str:
    return "; ".join(_told(each) for each in instance["tries"]) or _not_run(instance)


def _not_run(instance: Instance) -> str:
    return f"{instance['state']}, not run" if instance["state"] else "not run"


def _bar(name: str, attempt: Mapping[str, Any], whole: float) -> Html:
    width = max(_MIN_WIDTH, 100 * attempt["seconds"] / whole)
    place = {
        "x": f"{min(100 * attempt['began_s'] / whole, 100 - width):.3f}%",
        "width": f"{width:.3f}%",
        "y": "4",
        "height": "14",
        "rx": "2",
    }
    hatch = Html() if attempt["state"] == "success" else element("rect", class_="hatch", **place)
    error = f"\n{attempt['error']}" if attempt["error"] else ""
    return element(
        "g",
        element("title", f"{name}\n{_told(attempt)}{error}"),
        element("rect", class_="fill", **place),
        hatch,
        class_=f"bar {state_class(attempt['state'])}",
    )


def _wait(before: Mapping[str, Any], after: Mapping[str, Any], whole: float) -> Html:
    began = before["began_s"] + before["seconds"]
    seconds = max(0.0, after["began_s"] - began)
    line = {
        "x1": f"{100 * began / whole:.3f}%",
        "x2": f"{100 * (began + seconds) / whole:.3f}%",
        "y1": "11",
        "y2": "11",
    }
    return element(
        "g",
        element("title", f"{before['state']}: waits {duration(seconds)}"),
        element("line", **line),
        class_=f"wait {state_class(before['state'])}",
    )
