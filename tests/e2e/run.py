"""Runs every scenario in a whole Airflow, `python -m e2e.run 3.3.2`: a line for each; exit status 1 on a failure."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from e2e import scenarios_bundles, scenarios_tasks, scenarios_waits
from e2e.api import DeadlineError
from e2e.instance import Airflow
from e2e.places import ROOT
from e2e.scenarios import SCENARIOS, Scene, World, Wrong
from e2e.scenarios_build import BY_HAND, Made, make
from e2e.scenarios_left import Before, look_afterwards, look_for, look_while_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.scenarios import Scenario

__all__ = ["scenarios_bundles", "scenarios_tasks", "scenarios_waits"]  # each puts its scenarios into the table
DAGS = {"arguments", "broken", "consumer", "ends", "graph", "missing", "producer", "small", "stops", "tampered"}
DAGS |= {"talks", "waits"} | BY_HAND
#: The bundle files of which 3.4 itself complains, as it asks each for Dags: scenarios look at what it says.
BAD = {"broken", "tampered"}
DAGS_DEADLINE_S = 120


def main() -> int:
    """Run all scenarios; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="of Airflow: 3.3.2")
    version = parser.parse_args().version
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dagfloe-e2e-") as folder:
        root = Path(folder)
        _tell("building bundle files, where they are not up to date")
        made = make(root)
        before = Before.now()
        _tell(f"starting Airflow {version}")
        airflow = Airflow(version, root / "home", made.bundles, made.dags, dag_imports=ROOT / ".dev")
        made.add_second(version, airflow.env)
        with airflow:
            _prepare(airflow)
            _tell(f"running scenarios in Airflow {version}, {time.monotonic() - began:.0f} s after the start")
            failures = _run_all(airflow, made)
            failures += _line("nothing is left while Airflow goes on", lambda: look_while_running(airflow))
            killed = airflow.end()
        failures += _line("nothing is left after its end", lambda: look_afterwards(airflow, before, killed))
    failures += _line("its folder is gone", lambda: look_for(root))
    total = time.monotonic() - began
    _tell(f"{'FAIL' if failures else 'pass'}  {total:6.1f} s  Airflow {version}, {failures} failed")
    return 1 if failures else 0


def _prepare(airflow: Airflow) -> None:
    """What the scenarios find in Airflow."""
    api = airflow.api
    for key, value in {
        "e2e_given": "by the API",
        "e2e_json": '{"a": [1, 2]}',
        "e2e_unwanted": "x",
        "e2e_api_key": "key-of-the-api",
    }.items():
        api.set_variable(key, value)
    extra = '{"mode": "ro", "token": "key-in-extra"}'
    place = {"host": "db.example.org", "port": 5432, "login": "reader", "password": "hunter2-hunter2"}
    api.set_connection("e2e_warehouse", "postgres", **place, extra=extra)
    api.set_connection("weather_db", "sqlite", host=str(airflow.places.home / "weather.db"))
    api.wait_dags(*DAGS, deadline_s=DAGS_DEADLINE_S)
    if errors := {name: text for name, text in api.import_errors().items() if name not in BAD}:
        raise Wrong(f"Dag files cannot be imported: {errors}")
    api.unpause(*DAGS)


def _run_all(airflow: Airflow, made: Made) -> int:
    """Run the scenarios together, and tell of each when it is over; how many failed."""

    def output() -> dict[str, str]:
        return {file.name: file.read_text(errors="replace") for file in airflow.logs.iterdir()}

    world = World(airflow.api, airflow.version, made.bundles, made.spares, output)
    able = [each for each in SCENARIOS if each.is_for(airflow.version)]
    failed: list[tuple[Scenario, Scene, BaseException]] = []
    with ThreadPoolExecutor(len(able)) as pool:
        scenes = {each.name: Scene(world) for each in able}
        began = time.monotonic()
        running: dict[Future[None], Scenario] = {pool.submit(each.act, scenes[each.name]): each for each in able}
        for future in as_completed(running):
            each, error = running[future], future.exception()
            seconds = time.monotonic() - began
            _tell(f"{'FAIL' if error else 'pass'}  {seconds:6.1f} s  {each.name}{f': {error}' if error else ''}")
            if error:
                failed.append((each, scenes[each.name], error))
    for each in SCENARIOS:
        if each not in able:
            _tell(f"none             {each.name}: {each.why}")
    for each, scene, error in failed:
        _explain(each, scene, error)
    return len(failed)


def _line(name: str, look: Callable[[], str]) -> int:
    began = time.monotonic()
    try:
        said = look()
    except (Wrong, DeadlineError) as error:
        _tell(f"FAIL  {time.monotonic() - began:6.1f} s  {name}: {error}")
        return 1
    _tell(f"pass  {time.monotonic() - began:6.1f} s  {name}: {said}")
    return 0


def _explain(failed: Scenario, scene: Scene, error: BaseException) -> None:
    """All that is known of a failure."""
    known = isinstance(error, (Wrong, DeadlineError))
    _tell(f"--- {failed.name}", str(error) if known else "".join(traceback.format_exception(error)))
    try:
        _tell(*scene.logs(), *scene.said())
    except Exception as other:  # noqa: BLE001 - what it said so far is worth more
        _tell(f"no more logs: {other}")


def _tell(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 - the table is what it is for


if __name__ == "__main__":
    sys.exit(main())
