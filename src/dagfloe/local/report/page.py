"""A Dag run as one HTML page, which loads nothing else. Without JavaScript, it has everything but XComs and logs."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from dagfloe.errors import DagfloeError
from dagfloe.format.regular_file import write_output
from dagfloe.local.report.graph_picture import draw_graph
from dagfloe.local.report.instance_table import list_rows
from dagfloe.local.report.rendering import render
from dagfloe.local.report.timeline import draw_timeline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SCRIPTS = ("page.js", "xcoms.js", "logs.js")


def render_report(run: Mapping[str, Any]) -> str:
    """Render the page. Equal runs give equal pages, and no string of the run becomes markup.

    Args:
        run: the Dag run as `run_data` collects it, without secrets.
    """
    tasks, instances = run["tasks"], run["instances"]
    numbers = {task["task_id"]: number for number, task in enumerate(tasks)}
    instances_by_task: dict[str, list[Mapping[str, Any]]] = {}
    for instance in instances:
        instances_by_task.setdefault(instance["task_id"], []).append(instance)
    style, script = _read_asset("style.css"), "\n".join(_read_asset(name) for name in _SCRIPTS)
    return render(
        "page.html",
        policy=(
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        data=_embed(run),
        run=run,
        graph=draw_graph(tasks, instances_by_task),
        timeline=draw_timeline(instances, numbers, run["seconds"]),
        rows=list_rows(instances, numbers),
    )


def write_report(path: Path, run: Mapping[str, Any]) -> None:
    """Write the page to a file as a whole, or not at all. A pipe or a terminal gets it directly.

    Raises:
        DagfloeError: if the file cannot be written.
    """
    page = render_report(run).encode()
    try:
        write_output(path, page)
    except OSError as error:
        raise DagfloeError(f"the report cannot be written to {path}: {error.strerror}; choose another file") from error


def _read_asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text("utf-8")


def _hash(content: str) -> str:
    """Return the source expression that allows an inline element with this content."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _embed(run: Mapping[str, Any]) -> Markup:
    """Return JSON in ASCII, without the characters that could end a script element or hide its end."""
    data = json.dumps(run, separators=(",", ":"), allow_nan=False)
    for character in "&<>":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return Markup(data)  # noqa: S704 - without any markup, see above
