"""Runs every scenario in a whole Airflow: a line for each, and exit status 1 on a failure."""

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
from e2e.instance import Airflow, InstanceError
from e2e.processes import interrupt_once
from e2e.scenarios import SCENARIOS, Scene, World, Wrong
from e2e.scenarios_build import BY_HAND, BuildError, Made, make
from e2e.scenarios_left import Before, look_afterwards, look_for, look_while_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.scenarios import Scenario

__all__ = ["scenarios_bundles", "scenarios_tasks", "scenarios_waits"]  # each puts its scenarios into the table
DAGS = {"arguments", "broken", "consumer", "ends", "graph", "missing", "producer", "small", "stops", "tampered"}
DAGS |= {"talks", "waits"} | BY_HAND
#: The bundle files of which 3.4 itself complains, as it asks each for Dags: scenarios look at what it says.
BAD = {"broken", "tampered"}


def main() -> int:
    """Run all scenarios; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m e2e.run", description=__doc__)
    parser.add_argument("version", help="of Airflow, such as 3.3.2; its environment is in .venvs")
    parser.add_argument("dagfloe", type=Path, help="the folder that dagfloe is installed in, for the Dag processor")
    args = parser.parse_args()
    interrupt_once("\nAirflow ends ...")
    began = time.monotonic()
    try:
        failures = _run(args.version, args.dagfloe)
    except KeyboardInterrupt:
        return 130
    except (BuildError, InstanceError, DeadlineError, Wrong) as error:
        _tell(str(error))
        failures = 1
    _tell(f"{_word(failures)} {time.monotonic() - began:6.1f} s  all of it, Airflow {args.version}")
    return 1 if failures else 0


def _run(version: str, dagfloe: Path) -> int:
    """Build, start, run, end, look what is left; how many lines failed."""
    with tempfile.TemporaryDirectory(prefix="dagfloe-e2e-") as folder:
        root = Path(folder)
        _tell("Bundle files that are not up to date are built.")
        made = make(root)
        before = Before.now()
        airflow = Airflow(version, root / "home", made.bundles, made.dags, dag_imports=dagfloe)
        made.add_second(version, airflow.env)
        _tell(f"Airflow {version} starts.")
        with airflow:
            _prepare(airflow)
            failures = _run_all(airflow, made)
            failures += _line("nothing left while Airflow goes on", lambda: look_while_running(airflow))
            killed = airflow.end()
        failures += _line("nothing left after its end", lambda: look_afterwards(airflow, before, killed))
    return failures + _line("its folder is gone", lambda: look_for(root))


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
    api.wait_dags(*DAGS)
    if errors := {name: text for name, text in api.import_errors().items() if name not in BAD}:
        raise Wrong(f"Dag files cannot be imported: {errors}")
    api.unpause(*DAGS)


def _run_all(airflow: Airflow, made: Made) -> int:
    """Run the scenarios together, and tell of each when it is over; how many failed."""

    def output() -> dict[str, str]:
        return {file.name: file.read_text(errors="replace") for file in airflow.logs.iterdir()}

    world = World(airflow.api, airflow.version, made.bundles, made.spares, output)
    able = [each for each in SCENARIOS if each.is_for(airflow.version)]
    scenes = {each.name: Scene(world) for each in able}
    failed: list[tuple[Scenario, BaseException]] = []
    began = time.monotonic()
    with ThreadPoolExecutor(len(able)) as pool:
        running: dict[Future[None], Scenario] = {pool.submit(each.act, scenes[each.name]): each for each in able}
        try:
            for future in as_completed(running):
                each, error = running[future], future.exception()
                what = f"{each.name}: {error}" if error else each.name
                _tell(f"{_word(error)} {time.monotonic() - began:6.1f} s  {what}")
                if error:
                    failed.append((each, error))
        except BaseException:
            airflow.end()  # or the scenarios would wait until their deadlines
            raise
    for each in SCENARIOS:
        if each not in able:
            _tell(f"n/a            {each.name}: {each.why}")
    for each, error in failed:
        _explain(each, scenes[each.name], error)
    return len(failed)


def _line(name: str, look: Callable[[], str]) -> int:
    began = time.monotonic()
    error = None
    try:
        said = look()
    except (Wrong, DeadlineError) as raised:
        said, error = str(raised), raised
    _tell(f"{_word(error)} {time.monotonic() - began:6.1f} s  {name}: {said}")
    return 1 if error else 0


def _explain(failed: Scenario, scene: Scene, error: BaseException) -> None:
    """All that is known of a failure."""
    known = isinstance(error, (Wrong, DeadlineError))
    _tell(f"--- {failed.name}", str(error) if known else "".join(traceback.format_exception(error)))
    try:
        _tell(*scene.logs(), *scene.said())
    except Exception as other:  # noqa: BLE001 - what it said so far is worth more
        _tell(f"no more logs: {other}")


def _word(is_wrong: object) -> str:
    return "FAIL" if is_wrong else "pass"


def _tell(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 - the table is what it is for


if __name__ == "__main__":
    sys.exit(main())
