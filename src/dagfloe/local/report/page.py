"""A Dag run as one HTML page that needs nothing else: no network, and without JavaScript all but XComs and logs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from datetime import datetime
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from dagfloe.errors import DagfloeError
from dagfloe.local.report.graph_picture import render_graph
from dagfloe.local.report.markup import Html, element, text
from dagfloe.local.report.state_badges import (
    badge,
    counts,
    definitions,
    duration,
    errors_of,
    index_text,
    state_of,
    tries_of,
)
from dagfloe.local.report.timeline import render_timeline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SCRIPTS = ("page.js", "xcoms.js", "logs.js")
_MAX_ERROR = 300


def render_report(run: Mapping[str, Any]) -> str:
    """The page. Equal runs give equal pages, and every text of the run is only ever a text in it.

    Args:
        run: what happened, as JSON has it; secrets in it are masked already.
    """
    tasks, instances = run["tasks"], run["instances"]
    numbers = {task["task_id"]: number for number, task in enumerate(tasks)}
    by_task: dict[str, list[Mapping[str, Any]]] = {}
    for instance in instances:
        by_task.setdefault(instance["task_id"], []).append(instance)
    style, script = _resource("style.css"), "\n".join(_resource(name) for name in _SCRIPTS)
    return Template(_resource("page.html")).substitute(
        policy=text(
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        title=text(f"{run['dag_id']} · {run['state']} · {run['run_id']}"),
        style=style,
        script=script,
        data=_embedded(run),
        definitions=definitions(),
        header=_header(run),
        graph=render_graph(tasks, by_task),
        timeline=render_timeline(instances, numbers, run["seconds"]),
        states=_states(instances, numbers),
    )


def write_report(path: Path, run: Mapping[str, Any]) -> None:
    """Write the page to a file, all of it or nothing; to a pipe or a terminal as it comes.

    Raises:
        DagfloeError: when the file cannot be written.
    """
    page = render_report(run).encode()
    unfinished = path.with_name(f".report-{secrets.token_hex(4)}")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(page)
            return
        try:
            unfinished.write_bytes(page)
            os.replace(unfinished, path)  # noqa: PTH105 - Path.replace is the same, and hides that it overwrites
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise DagfloeError(f"the report cannot be written to {path}: {error.strerror}; choose another file") from error


def _resource(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text("utf-8")


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _embedded(run: Mapping[str, Any]) -> str:
    """JSON in ASCII, without the characters by which a script element could end, or hide its end."""
    data = json.dumps(run, separators=(",", ":"), allow_nan=False)
    return data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _header(run: Mapping[str, Any]) -> Html:
    facts = {
        "Run": text(run["run_id"]),
        "Began": element("time", _moment(run["began"]), datetime=run["began"]),
        "Duration": text(duration(run["seconds"])),
        "Bundle": text(run["bundle"]),
        "Jobs": text(str(run["jobs"])),
    }
    return element(
        "header",
        element("p", "Dag run", class_="kicker"),
        element("h1", run["dag_id"], " ", badge(run["state"])),
        element("dl", *(element("div", element("dt", name), element("dd", fact)) for name, fact in facts.items())),
        counts([state_of(each) for each in run["instances"]]),
    )


def _moment(began: str) -> str:
    try:
        moment = datetime.fromisoformat(began.replace("Z", "+00:00"))
    except ValueError:
        return began
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".rstrip()


def _states(instances: list[Mapping[str, Any]], numbers: Mapping[str, int]) -> Html:
    heads = ("Task", "Map index", "State", "Tries", "Duration", "Error")
    return element(
        "table",
        element("caption", "Every task instance and its last state"),
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *(_state(instance, numbers) for instance in instances)),
        class_="states",
    )


def _state(instance: Mapping[str, Any], numbers: Mapping[str, int]) -> Html:
    tries = instance["tries"]
    return element(
        "tr",
        element("th", instance["task_id"], scope="row"),
        element("td", index_text(instance), class_="index"),
        element("td", badge(state_of(instance))),
        element(
            "td", str(tries_of(instance)), class_="number", data_label="try" if tries_of(instance) == 1 else "tries"
        ),
        element("td", duration(sum(each["seconds"] for each in tries)) if tries else "", class_="number"),
        element("td", *(_error(error) for error in errors_of(instance)), class_="error"),
        data_task=str(numbers[instance["task_id"]]) if instance["task_id"] in numbers else None,
    )


def _error(error: str) -> Html:
    first = error.partition("\n")[0]
    if first == error and len(error) <= _MAX_ERROR:
        return element("p", error)
    return element("details", element("summary", first[:_MAX_ERROR]), element("pre", error))
