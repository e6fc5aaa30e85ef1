"""Takes screenshots of a complete Airflow after runs of bundles, and checks what they show."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from browser.window import Window, chromium
from e2e.__main__ import DAG_FILE
from e2e.api import ApiError, DeadlineError
from e2e.instance import Airflow, InstanceError
from e2e.places import ROOT
from e2e.processes import interrupt_once
from e2e.settings import newer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import Browser

    from browser.window import Pixel
    from e2e.api import Api

PICTURES = ROOT / ".cache" / "screenshots"
PUBLISHED = ROOT / "docs" / "assets"
#: The maximum size of a published picture, in bytes.
MAX_SIZE = 200_000
#: The page is laid out for the window and scaled to the width: the tabs of a task need room beside a graph.
WINDOW, WIDTH = (1440, 900), 1280
DEADLINE_S = 60
RUN_DEADLINE_S = 240
RUN, NATIVE_RUN = "orders_of_today", "shops_of_today"
GREEN, PINK = (0, 118, 0), (230, 0, 118)
#: The states of the tasks of `orders` after the answer yes.
STATES = dict.fromkeys(("extract", "prices", "prices.currencies", "prices.rate", "convert", "is_large"), "success")
STATES |= {"approve": "success", "wait_for_closing": "skipped", "publish": "success", "tell": "success"}
#: The states of the tasks of `native_graph`.
NATIVE_STATES = dict.fromkeys(("chooses", "left", "joins", "shops", "shops.names", "shops.count", "add"), "success")
NATIVE_STATES |= {"right": "skipped"}
COLOURS: dict[str, Pixel] = {"success": GREEN, "skipped": PINK}
JPY = f"/dags/orders/runs/{RUN}/tasks/prices.rate/mapped/1?try_number=1"
#: Secrets that tasks of `talks` write to their logs.
SECRETS = ("hunter2-hunter2", "key-in-extra", "key-of-the-api", "open-sesame")
#: Whether the page is still loading something.
LOADING = """
[...document.querySelectorAll(".chakra-spinner, .chakra-skeleton, [role=progressbar]")]
  .some((element) => element.checkVisibility({visibilityProperty: true}))
"""
#: Ends with the next change of the document, or after 250 ms, because other parts of the page change too.
CHANGE = """
new Promise((resolve) => {
  new MutationObserver(resolve).observe(document, {subtree: true, childList: true, attributes: true})
  setTimeout(resolve, 250)
})
"""
#: The minimap covers the last tasks of the graph.
HIDE_MINIMAP = """
document.addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style")
  style.textContent = ".react-flow__minimap { display: none }"
  document.head.append(style)
})
"""


class PictureError(Exception):
    """A page does not show what it should show."""


class Picture(NamedTuple):
    """A view of Airflow's page.

    Attributes:
        name: the name of the file.
        path: the path of the page.
        texts: strings that the page must contain.
        states: a selector with `TASK` for the element in the colour of a task's state; empty for no check.
        view: the view of the Dag: `graph`, `grid` or `gantt`.
        share: the width of the view, in percent.
        theme: `light` or `dark`.
        tasks: the states of the tasks and groups of the Dag.
        dag_id: the Dag.
        group: the group that is open.
    """

    name: str
    path: str
    texts: tuple[str, ...]
    states: str
    view: str
    share: float
    theme: str = "light"
    tasks: Mapping[str, str] = STATES
    dag_id: str = "orders"
    group: str = "prices"

    def settings(self) -> dict[str, str]:
        """Return the settings of the user that Airflow's page stores."""
        panels = f"react-resizable-panels:{'graph' if self.view == 'graph' else 'grid'}-ltr"
        layout = {"expandToSizes": {}, "layout": [self.share, 100 - self.share]}
        return {
            "theme": self.theme,
            "timezone": '"UTC"',
            "default_dag_view": json.dumps(self.view),
            f"direction-{self.dag_id}": '"DOWN"',
            f"{self.dag_id}/open-groups": json.dumps([self.group]),
            panels: json.dumps({"details-panel,main-panel": layout}),
        }


def pictures(version: str) -> list[Picture]:
    """Return all pictures for a version of Airflow; `--publish` publishes the first two."""
    source = (ROOT / "bundles" / "orders" / "orders.py").read_text().splitlines()
    (number,) = (number for number, line in enumerate(source, 1) if "raise TimeoutError" in line)
    frames = ('File "dagfloe/runtime/task_runner.py", line ', f'File "orders.py", line {number} in rate')
    error = ("Task failed with TimeoutError", "TimeoutError: the exchange did not answer", *frames)
    graph = '[data-testid="rf__node-TASK"] [data-testid="state-badge"]'
    grid = f'[data-testid="grid-{RUN}-TASK"] [data-testid="task-state-badge"]'
    bars = '[data-task-id="TASK"]:not([data-node-id], [data-run-id]) .chakra-badge'
    masked = ("the word is ***", "printed: ***", "the key is ***", "PermissionError: nobody opens with ***")
    talks = "/dags/talks/runs/talks_of_today/tasks"
    instances = ("11 Task Instances", "JPY", "Duration")
    native = f"/dags/native_graph/runs/{NATIVE_RUN}"
    texts = ("shops", "names", "9 Task Instances", "far east")
    labels = ("open", "closed", "count [3]")
    cells = grid.replace(RUN, NATIVE_RUN)
    of_native: dict[str, Any] = {"tasks": NATIVE_STATES, "dag_id": "native_graph", "group": "shops"}
    natives = [
        Picture("airflow-native-graph", native, (*texts, *labels), graph, "graph", 45, **of_native),
        Picture("airflow-native-grid", native, texts, cells, "grid", 35, **of_native),
        Picture("airflow-native-code", "/dags/native_graph/code", ("bundle.dag(",), "", "grid", 30, **of_native),
    ]
    return [
        Picture("airflow", JPY, ("rate [3]", *error), graph, "graph", 29),
        Picture("airflow-dark", JPY, ("rate [3]", *error), graph, "graph", 29, "dark"),
        Picture("airflow-graph", f"/dags/orders/runs/{RUN}", ("rate [3]", *instances), graph, "graph", 30),
        Picture("airflow-log", JPY, error, grid, "grid", 29, "dark"),
        # Airflow 3.4 shows the state of a group in another way.
        Picture("airflow-gantt", f"/dags/orders/runs/{RUN}", instances, bars * (not newer(version)), "gantt", 58),
        Picture("airflow-secrets", f"{talks}/secretive", masked, "", "grid", 25),
        Picture("airflow-connection", f"{talks}/connections", ("the password is ***",), "", "grid", 25),
        *(natives if newer(version) else ()),
    ]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m e2e.pictures", description=__doc__)
    parser.add_argument("version", help="the version of Airflow; its environment is in .venvs")
    parser.add_argument("dagfloe", type=Path, help="the folder that dagfloe is installed in, for the Dag processor")
    parser.add_argument("native", type=Path, help="the bundle file with the native Dag native_graph, for Airflow 3.4")
    parser.add_argument("bundles", type=Path, nargs="+", help="bundle files: orders, and the one with the Dag talks")
    parser.add_argument("--publish", action="store_true", help=f"copy two pictures to {PUBLISHED.relative_to(ROOT)}")
    args = parser.parse_args()
    interrupt_once("Stopping Airflow ...")
    try:
        _take_all(args.version, args.bundles, args.native, args.dagfloe)
        if args.publish:
            _publish(args.version)
    except KeyboardInterrupt:
        return 1
    except (ApiError, DeadlineError, InstanceError, PictureError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _take_all(version: str, bundles: list[Path], native: Path, dagfloe: Path) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dagfloe-pictures-") as folder:
        root = Path(folder)
        for name in ("bundles", "dags"):
            (root / name).mkdir()
        for file in bundles:
            shutil.copy2(file, root / "bundles")
        if newer(version):
            shutil.copy2(native, root / "dags")
        (root / "dags" / "bundles.py").write_text(DAG_FILE)
        with Airflow(version, root / "home", root / "bundles", root / "dags", dag_imports=dagfloe) as airflow:
            _run_dags(airflow.api)
            if newer(version):
                _run_native_dag(airflow.api)
            with chromium() as browser:
                for picture in pictures(version):
                    (PICTURES / f"{picture.name}.png").write_bytes(take(browser, airflow.url, picture))
                    _print(f"{PICTURES.relative_to(ROOT)}/{picture.name}.png")


def _publish(version: str) -> None:
    for picture in pictures(version)[:2]:
        data = (PICTURES / f"{picture.name}.png").read_bytes()
        if len(data) > MAX_SIZE:
            raise PictureError(f"{picture.name}.png has {len(data)} bytes, more than {MAX_SIZE}")
        (PUBLISHED / f"{picture.name}.png").write_bytes(data)


def _run_dags(api: Api) -> None:
    """Run `orders` by schedule and by hand, with the answer yes, and run `talks`."""
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
    for run_id in (run["dag_run_id"] for run in api.dag_runs("orders")):
        api.wait_task("orders", run_id, "approve", {"awaiting_input"}, deadline_s=RUN_DEADLINE_S)
        api.answer("orders", run_id, "approve", ["yes"])
        if (state := api.wait_run("orders", run_id, deadline_s=RUN_DEADLINE_S)) != "success":
            raise PictureError(f"run {run_id} of orders ended as {state}")
    api.wait_run("talks", "talks_of_today", deadline_s=RUN_DEADLINE_S)


def _run_native_dag(api: Api) -> None:
    api.wait_dags("native_graph")
    api.unpause("native_graph")
    api.trigger("native_graph", run_id=NATIVE_RUN)
    if (state := api.wait_run("native_graph", NATIVE_RUN, deadline_s=RUN_DEADLINE_S)) != "success":
        raise PictureError(f"run {NATIVE_RUN} of native_graph ended as {state}")


def take(browser: Browser, url: str, picture: Picture) -> bytes:
    """Open a page, wait until it is complete and no longer changes, check it, and return the picture."""
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
        _wait(page, f"{picture.name}: not complete", lambda: _missing(page, picture))
        shots = [page.screenshot()]

        def changes() -> list[str]:
            shots.append(page.screenshot())
            return ["it still changes"] * (shots[-1] != shots[-2])

        _wait(page, f"{picture.name}: not complete", changes)
        if picture.states:
            for task, state in picture.tasks.items():
                box = page.rects(picture.states.replace("TASK", task))[-1]
                if page.share(box, COLOURS[state]) < 0.5:
                    raise PictureError(f"{picture.name}: {task} does not have the colour of {state}")
        html = page.page.content()
        if leaks := [secret for secret in SECRETS if secret in html]:
            raise PictureError(f"{picture.name}: the page contains secrets: {leaks}")
        return shots[-1]


def _missing(page: Window, picture: Picture) -> list[str]:
    """List what is missing on the page."""
    content = page.evaluate("document.body.innerText")
    missing = [string for string in picture.texts if string not in content]
    if picture.states:
        missing += [task for task in picture.tasks if not page.texts(picture.states.replace("TASK", task))]
    return missing + ["the page is still loading"] * bool(page.evaluate(LOADING))


def _wait(page: Window, problem: str, find_missing: Callable[[], list[str]]) -> None:
    """Wait until nothing is missing."""
    until = time.monotonic() + DEADLINE_S
    while missing := find_missing():
        if time.monotonic() > until:
            raise PictureError(f"{problem} within {DEADLINE_S} s: {', '.join(missing)}")
        page.evaluate(CHANGE)


def _print(message: str) -> None:
    print(message, flush=True)  # noqa: T201 - people read it


if __name__ == "__main__":
    sys.exit(main())
