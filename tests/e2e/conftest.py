"""The complete Airflow that the tests share, and the logs of tasks in the report of a failed test."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.build.cache_root import cache_root
from dagfloe.build.program_store import ProgramStore
from e2e.api import ApiError, DeadlineError
from e2e.builds import HANDWRITTEN, build_all
from e2e.instance import Airflow
from e2e.places import ROOT
from e2e.processes import interrupt_once
from e2e.scene import Scene, World
from e2e.settings import newer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

VERSION = os.environ.get("DAGFLOE_AIRFLOW_VERSION", "3.3.2")
#: dagfloe as the Dag processor imports it.
DAG_IMPORTS = ROOT / ".cache" / "for-airflow"
#: The Dags that tests share one run of; Airflow itself starts the run of `consumer`.
SHARED = {"arguments", "broken", "ends", "graph", "missing", "producer", "small", "stops", "tampered", "talks", "waits"}
SHARED |= HANDWRITTEN
#: The Dags that Airflow itself starts, after events of assets.
STARTED = {"consumer"}
if newer(VERSION):
    SHARED |= {f"native_{name}" for name in ("cluster", "ends", "graph", "producer", "values", "waits")} | {"small34"}
    STARTED |= {"native_any", "native_both"}
#: The bundle files for which the Dag processor of 3.4 reports an import error, because it asks each file for Dags.
BROKEN_FILES = {"broken", "tampered", "tampered34"}
_SCENE = pytest.StashKey[Scene]()


@dataclass(frozen=True)
class Session:
    """The Airflow of these tests.

    Attributes:
        airflow: the running Airflow.
        world: the data that the tests share.
        root: the folder with all its files.
        programs_before: the ids of the programs in the user's own store before its start.
    """

    airflow: Airflow
    world: World
    root: Path
    programs_before: frozenset[str]


@pytest.fixture(scope="session")
def session() -> Iterator[Session]:
    """Build the bundle files, start Airflow, and trigger the runs that tests share."""
    interrupt_once("\nStopping Airflow ...")
    root = Path(tempfile.mkdtemp(prefix="dagfloe-e2e-"))
    try:
        builds = build_all(root, VERSION)
        programs_before = frozenset(program.id for program in ProgramStore(cache_root()).programs())
        airflow = Airflow(VERSION, root / "home", builds.bundles, builds.dags, dag_imports=DAG_IMPORTS)
        builds.add_second(VERSION, airflow.env)
        with airflow:
            _prepare(airflow)
            runs = {dag_id: airflow.api.trigger(dag_id) for dag_id in sorted(SHARED)}
            folders = (builds.bundles, builds.dags, builds.spares, airflow.logs)
            world = World(airflow.api, VERSION, *folders, airflow.places.database, runs)
            yield Session(airflow, world, root, programs_before)
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def scene(session: Session, request: pytest.FixtureRequest) -> Scene:
    """Return the test's view of the Airflow."""
    scene = request.node.stash[_SCENE] = Scene(session.world)
    return scene


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that are for one version of Airflow under the others."""
    for item in items:
        mark = item.get_closest_marker("airflow_version")
        if mark is not None and not VERSION.startswith(f"{mark.args[0]}."):
            item.add_marker(pytest.mark.skip(reason=f"for Airflow {mark.args[0]}: {mark.kwargs['reason']}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Add the logs of the tasks that a failed test looked at to its report."""
    report = yield
    scene = item.stash.get(_SCENE, None)
    if report.failed and scene is not None:
        for title, lines in (("tasks", scene.task_logs()), ("components", scene.component_logs())):
            try:
                report.sections.append((f"Airflow's {title}", "\n".join(lines)))
            except (ApiError, DeadlineError) as error:
                report.sections.append((f"Airflow's {title}", f"no more logs: {error}"))
    return report


def _prepare(airflow: Airflow) -> None:
    """Set the variables and connections that the tasks read, and wait for the Dags."""
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
    dag_ids = sorted(SHARED | STARTED)
    api.wait_dags(*dag_ids)
    assert {name: error for name, error in api.import_errors().items() if name not in BROKEN_FILES} == {}
    api.unpause(*dag_ids)
