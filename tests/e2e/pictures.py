"""Pictures of the web page of a whole Airflow in which bundles ran, of which what is to be seen on them is checked."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from browser.window import Window, chromium
from e2e.__main__ import DAG_FILE
from e2e.api import ApiError, DeadlineError
from e2e.instance import Airflow, InstanceError
from e2e.places import ROOT
from e2e.processes import interrupt_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from browser.window import Pixel
    from e2e.api import Api

PICTURES = ROOT / ".cache" / "screenshots"
PUBLISHED = ROOT / "docs" / "assets"
#: Of a picture that is published, in bytes.
MOST = 200_000
#: The page is laid out for the first and drawn as the second: the tabs of a task need so much room beside a graph.
WINDOW, WIDTH = (1440, 900), 1280
DEADLINE_S = 60
RUN_DEADLINE_S = 240
RUN = "orders_of_today"
GREEN, PINK = (0, 118, 0), (230, 0, 118)
#: What each task of `orders` looks like after a yes.
STATES = dict.fromkeys(("extract", "prices", "prices.currencies", "prices.rate", "convert", "is_large"), "success")
STATES |= {"approve": "success", "wait_for_closing": "skipped", "publish": "success", "tell": "success"}
COLOURS: dict[str, Pixel] = {"success": GREEN, "skipped": PINK}
JPY = f"/dags/orders/runs/{RUN}/tasks/prices.rate/mapped/1?try_number=1"
#: What tasks of `talks` get from Airflow, or make up, and write to their logs.
SECRETS = ("hunter2-hunter2", "key-in-extra", "key-of-the-api", "open-sesame")
#: What is seen while something is not there yet.
LOADING = """
[...document.querySelectorAll(".chakra-spinner, .chakra-skeleton, [role=progressbar]")]
  .some((element) => element.checkVisibility({visibilityProperty: true}))
"""
#: Ends with the next change of the page; also soon, for what changes outside of its document.
CHANGE = """
new Promise((resolve) => {
  new MutationObserver(resolve).observe(document, {subtree: true, childList: true, attributes: true})
  setTimeout(resolve, 250)
})
"""
#: The map of the graph lies upon the graph's last tasks.
HIDE_MINIMAP = """
document.addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style")
  style.textContent = ".react-flow__minimap { display: none }"
  document.head.append(style)
})
"""


class PictureError(Exception):
    """A page does not show what it should."""


class Picture(NamedTuple):
    """A view of Airflow's page.

    Attributes:
        name: of the file.
        path: of the page.
        texts: what must be there to be read.
        states: the selector of what has the colour of a task's state, with `TASK` in it; none where none is looked at.
        view: of the Dag: `graph`, `grid` or `gantt`.
        share: of the width, in percent, that this has.
        theme: `light` or `dark`.
    """

    name: str
    path: str
    texts: tuple[str, ...]
    states: str
    view: str
    share: float
    theme: str = "light"

    def settings(self) -> dict[str, str]:
        """What Airflow's page remembers of how one likes it."""
        panels = f"react-resizable-panels:{'graph' if self.view == 'graph' else 'grid'}-ltr"
        layout = {"expandToSizes": {}, "layout": [self.share, 100 - self.share]}
        return {
            "theme": self.theme,
            "timezone": '"UTC"',
            "default_dag_view": json.dumps(self.view),
            "direction-orders": '"DOWN"',
            "orders/open-groups": '["prices"]',
            panels: json.dumps({"details-panel,main-panel": layout}),
        }


def pictures() -> list[Picture]:
    """All of them; the first two are published."""
    source = (ROOT / "bundles" / "orders" / "orders.py").read_text().splitlines()
    (line,) = (number for number, text in enumerate(source, 1) if "raise TimeoutError" in text)
    frames = ('File "dagfloe/runtime/task_runner.py", line ', f'File "orders.py", line {line} in rate')
    error = ("Task failed with TimeoutError", "TimeoutError: the exchange did not answer", *frames)
    graph = '[data-testid="rf__node-TASK"] [data-testid="state-badge"]'
    grid = f'[data-testid="grid-{RUN}-TASK"] [data-testid="task-state-badge"]'
    bars = '[data-task-id="TASK"]:not([data-node-id], [data-run-id]) .chakra-badge'
    masked = ("the word is ***", "printed: ***", "the key is ***", "PermissionError: nobody opens with ***")
    talks = "/dags/talks/runs/talks_of_today/tasks"
    instances = ("11 Task Instances", "JPY", "Duration")
    return [
        Picture("airflow", JPY, ("rate [3]", *error), graph, "graph", 29),
        Picture("airflow-dark", JPY, ("rate [3]", *error), graph, "graph", 29, "dark"),
        Picture("airflow-graph", f"/dags/orders/runs/{RUN}", ("rate [3]", *instances), graph, "graph", 30),
        Picture("airflow-log", JPY, error, grid, "grid", 29, "dark"),
        Picture("airflow-gantt", f"/dags/orders/runs/{RUN}", instances, bars, "gantt", 58),
        Picture("airflow-secrets", f"{talks}/secretive", masked, "", "grid", 25),
        Picture("airflow-connection", f"{talks}/connections", ("the password is ***",), "", "grid", 25),
    ]


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m e2e.pictures", description=__doc__)
    parser.add_argument("version", help="of Airflow; its environment is in .venvs")
    parser.add_argument("dagfloe", type=Path, help="the folder that dagfloe is installed in, for the Dag processor")
    parser.add_argument("bundles", type=Path, nargs="+", help="bundle files: orders, and the one with the Dag talks")
    parser.add_argument("--publish", action="store_true", help=f"put the best ones into {PUBLISHED.relative_to(ROOT)}")
    args = parser.parse_args()
    interrupt_once("Airflow ends ...")
    try:
        _take_all(args.version, args.bundles, args.dagfloe)
        if args.publish:
            _publish()
    except KeyboardInterrupt:
        return 1
    except (ApiError, DeadlineError, InstanceError, PictureError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _take_all(version: str, bundles: list[Path], dagfloe: Path) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dagfloe-pictures-") as folder:
        root = Path(folder)
        for name in ("bundles", "dags"):
            (root / name).mkdir()
        for file in bundles:
            shutil.copy2(file, root / "bundles")
        (root / "dags" / "bundles.py").write_text(DAG_FILE)
        with Airflow(version, root / "home", root / "bundles", root / "dags", dag_imports=dagfloe) as airflow:
            _run_dags(airflow.api)
            with chromium() as browser:
                for picture in pictures():
                    (PICTURES / f"{picture.name}.png").write_bytes(take(browser, airflow.url, picture))
                    _say(f"{PICTURES.relative_to(ROOT)}/{picture.name}.png")


def _publish() -> None:
    for picture in pictures()[:2]:
        data = (PICTURES / f"{picture.name}.png").read_bytes()
        if len(data) > MOST:
            raise PictureError(f"{picture.name}.png has {len(data)} bytes, more than {MOST}")
        (PUBLISHED / f"{picture.name}.png").write_bytes(data)


def _run_dags(api: Api) -> None:
    """Have a run by schedule and one by hand of `orders`, both with a yes, and one of `talks`."""
    password, extra, key, _ = SECRETS
    place = {"host": "db.example.org", "port": 5432, "login": "reader", "password": password}
    api.set_connection("e2e_warehouse", "postgres", **place, extra=json.dumps({"mode": "ro", "token": extra}))
    for name, value in {"e2e_given": "by the API", "e2e_json": "{}", "e2e_api_key": key}.items():
        api.set_variable(name, value)
    api.wait_dags("orders", "talks")
    api.unpause("orders", "talks")
    api.trigger("talks", run_id="talks_of_today")
    api.wait("run of orders by its schedule", lambda: api.dag_runs("orders"))
    api.trigger("orders", run_id=RUN)
    for run in (each["dag_run_id"] for each in api.dag_runs("orders")):
        api.wait_task("orders", run, "approve", {"awaiting_input"}, deadline_s=RUN_DEADLINE_S)
        api.answer("orders", run, "approve", ["yes"])
        if (state := api.wait_run("orders", run, deadline_s=RUN_DEADLINE_S)) != "success":
            raise PictureError(f"run {run} of orders ended as {state}")
    api.wait_run("talks", "talks_of_today", deadline_s=RUN_DEADLINE_S)


def take(browser: Browser, url: str, picture: Picture) -> bytes:
    """Open a page, wait until it shows what it must, check it, and draw it when it no longer changes."""
    width, height = WINDOW
    dark = picture.theme == "dark"
    with browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=WIDTH / width,
        color_scheme="dark" if dark else "light",
    ) as context:
        for name, value in picture.settings().items():
            context.add_init_script(f"localStorage.setItem({json.dumps(name)}, {json.dumps(value)})")
        context.add_init_script(HIDE_MINIMAP)
        page = Window(context.new_page())
        page.go(url + picture.path)
        _wait(page, f"{picture.name}: not there", lambda: _missing(page, picture))
        shots = [page.screenshot()]

        def changes() -> list[str]:
            shots.append(page.screenshot())
            return ["standstill"] * (shots[-1] != shots[-2])

        _wait(page, f"{picture.name}: no", changes)
        if picture.states:
            for task, state in STATES.items():
                box = page.rects(picture.states.replace("TASK", task))[-1]
                if page.share(box, COLOURS[state]) < 0.5:
                    raise PictureError(f"{picture.name}: {task} does not look like {state}")
        html = page.page.content()
        if leaks := [secret for secret in SECRETS if secret in html]:
            raise PictureError(f"{picture.name}: there are secrets on the page: {leaks}")
        return shots[-1]


def _missing(page: Window, picture: Picture) -> list[str]:
    """What is not yet on the page."""
    there = page.evaluate("document.body.innerText")
    missing = [text for text in picture.texts if text not in there]
    if picture.states:
        missing += [task for task in STATES if not page.texts(picture.states.replace("TASK", task))]
    return missing + ["the rest, which is loading"] * bool(page.evaluate(LOADING))


def _wait(page: Window, what: str, look: Callable[[], list[str]]) -> None:
    """Wait until nothing is missing."""
    until = time.monotonic() + DEADLINE_S
    while missing := look():
        if time.monotonic() > until:
            raise PictureError(f"{what} within {DEADLINE_S} s: {', '.join(missing)}")
        page.evaluate(CHANGE)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - it is what people read


if __name__ == "__main__":
    sys.exit(main())
