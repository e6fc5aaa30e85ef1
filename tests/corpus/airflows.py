"""Runs Dags in a complete Airflow, and returns what each run left."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.observation import observe
from e2e.instance import Airflow
from e2e.places import ROOT
from e2e.settings import COORDINATOR, LOCAL_BUNDLE, QUEUE, newer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from corpus.observation import Observation
    from e2e.api import Api

#: Both runs have the same id and date, so that what tasks read of them is the same.
RUN_ID = "corpus_2026"
LOGICAL_DATE = "2026-03-14T15:09:26+00:00"
#: Airflow with pandas and pyarrow, and with uv, which makes virtual environments quickly.
ENVIRONMENT = "corpus"
CACHE = ROOT / ".cache" / "corpus"
#: For all runs together: each of a hundred tasks is one or more processes, and a test machine has few processors.
RUNS_DEADLINE_S = 3000
DAGS_DEADLINE_S = 600
#: The coordinator's time for a bundle file to begin, on a machine that does other things, too.
TASK_STARTUP_S = 120.0


def run_dags(
    version: str,
    dags: Path,
    runs: Mapping[str, Mapping[str, Any]],
    save: Callable[[Observation], None],
    bundles: Mapping[str, Path] | None = None,
) -> None:
    """Run each Dag once.

    Args:
        version: of Airflow.
        dags: the folder of the Dag files.
        runs: the conf of each Dag's run, by dag_id.
        save: gets what each run left, once it has ended.
        bundles: the folders of bundle files, by queue.

    Raises:
        e2e.instance.InstanceError: Airflow ended.
        e2e.api.DeadlineError: a Dag did not appear, or a run did not end.
    """
    with tempfile.TemporaryDirectory(prefix="dagfloe-corpus-") as root:
        home, none = Path(root) / "home", Path(root) / "no-bundles"
        none.mkdir()
        airflow = Airflow(version, home, none, dags, environment=ENVIRONMENT)
        if bundles:
            airflow.env |= _coordinators(version, dags, bundles, airflow.env)
        airflow.env |= {"REPORTS_PYTHON": str(_plain_python()), "AIRFLOW_PYTHON": str(airflow.places.python)}
        with airflow:
            _prepare(airflow.api)
            airflow.api.wait_dags(*runs, deadline_s=DAGS_DEADLINE_S)
            airflow.api.unpause(*runs)
            for dag_id, conf in runs.items():
                body = {"logical_date": LOGICAL_DATE, "dag_run_id": RUN_ID, "conf": dict(conf)}
                airflow.api.post(f"dags/{dag_id}/dagRuns", body)
            for dag_id in runs:
                state = airflow.api.wait_run(dag_id, RUN_ID, deadline_s=RUNS_DEADLINE_S)
                save(observe(airflow.api, dag_id, RUN_ID, state))


def _prepare(api: Api) -> None:
    """Set the variables and connections that the Dags read."""
    api.set_variable("corpus_region", "north_sea")
    api.set_variable("corpus_limits", '{"rows": 7}')
    place = {"host": "api.example.org", "port": 8443, "login": "reader", "password": "a-long-password", "schema": "v1"}
    api.set_connection("corpus_api", "http", **place, extra='{"timeout": 30}')
    api.set_connection("corpus_files", "fs", extra='{"path": "/srv/files"}')


def _plain_python() -> Path:
    """The Python of the tasks that run with another Python of the worker. It has no packages."""
    python = CACHE / "python" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(python.parents[1])], check=True)
    return python


def _coordinators(version: str, dags: Path, bundles: Mapping[str, Path], env: Mapping[str, str]) -> dict[str, str]:
    """The settings that give each queue its folder of bundle files."""
    coordinators = {}
    dag_bundles = json.loads(env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    owners = {bundle["name"]: QUEUE for bundle in dag_bundles}
    for queue, folder in bundles.items():
        options: dict[str, object] = {"task_startup_timeout": TASK_STARTUP_S}
        if newer(version):
            name = f"bundles-{queue}"
            dag_bundles.append({"name": name, "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(folder)}})
            owners[name] = queue
            options["task_handler_bundle_name"] = name
        else:
            options["executables_root"] = [str(folder)]
        coordinators[queue] = {"classpath": COORDINATOR, "kwargs": options}
    settings = {
        "AIRFLOW__SDK__COORDINATORS": json.dumps(coordinators),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": json.dumps({queue: queue for queue in bundles}),
    }
    if newer(version):
        owners = {name: queue for name, queue in owners.items() if queue in coordinators} | {
            name: next(iter(coordinators)) for name, queue in owners.items() if queue not in coordinators
        }
        settings["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(dag_bundles)
        settings["AIRFLOW__SDK__DAG_BUNDLE_TO_COORDINATOR"] = json.dumps(owners)
    return settings
