"""Runs the small task under the real supervisor on request. The Python of an Airflow environment runs this module.

Only the API server is not Airflow's: one in memory answers Airflow's own HTTP client. Every line of stdin is a request
in JSON, and every line of stdout is the answer to one.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: The default is 5 s. The supervisor sleeps for this time if it misses the end of a process; no figure depends on it.
HEARTBEAT_S = 1
os.environ["AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"] = str(HEARTBEAT_S)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(HERE / "dags")
sys.path.insert(0, str(HERE.parent / "tests" / "airflow"))

import structlog
from airflow.sdk.api.client import Client
from airflow.sdk.api.datamodels._generated import BundleInfo, TaskInstance
from airflow.sdk.coordinators.executable import ExecutableCoordinator
from airflow.sdk.execution_time.coordinator import _build_python_coordinator
from api_server import RUN_ID, ApiServer, httpx


class TimedServer(ApiServer):
    """An API server that records the time of the final state."""

    ended_at = 0.0

    def __call__(self, http: httpx.Request) -> httpx.Response:
        """Answer one HTTP request."""
        if http.url.path.endswith("/state"):
            self.ended_at = time.perf_counter()
        return super().__call__(http)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run the task of a bundle file in the folder `root`, or of the Dag file `dag`."""
    dag = request.get("dag")
    dag_id = request["dag_id"]
    api = TimedServer({"dag_id": dag_id, "variables": {"name": "world"}})
    events: list[str] = []

    def record(_logger: Any, _method: str, event: dict[str, Any]) -> Any:
        events.append(str(event.get("event")))
        raise structlog.DropEvent

    wrapper = structlog.make_filtering_bound_logger(logging.NOTSET)
    structlog.configure(wrapper_class=wrapper, processors=[record])
    logger = structlog.wrap_logger(structlog.PrintLogger(sys.stderr), processors=[record], wrapper_class=wrapper)
    coordinator = _build_python_coordinator() if dag else ExecutableCoordinator(executables_root=[request["root"]])
    ti = TaskInstance(
        id=uuid.uuid4(),
        task_id="work",
        dag_id=dag_id,
        run_id=RUN_ID,
        try_number=1,
        dag_version_id=uuid.uuid4(),
        map_index=-1,
    )
    with Client(base_url=None, dry_run=True, token="none", transport=httpx.MockTransport(api)) as client:
        start = time.perf_counter()
        result = coordinator.execute_task(
            what=ti,
            dag_rel_path=f"{dag}.py",
            bundle_info=BundleInfo(name="dags-folder" if dag else "bundles", version=None),
            client=client,
            logger=logger,
            subprocess_logs_to_stdout=False,
        )
        idle = time.perf_counter() - api.ended_at
    return {
        "state": str(getattr(result.final_state, "value", result.final_state)),
        "seconds": api.ended_at - start,
        "late": idle > HEARTBEAT_S / 2,
        "records": sum("record" in event and "for world" in event for event in events),
        "xcoms": api.xcoms,
        "events": events,
    }


def main() -> None:
    """Answer requests until stdin ends."""
    out = os.fdopen(os.dup(1), "w")  # libraries print to stderr, so that stdout has only answers
    os.dup2(2, 1)
    for line in sys.stdin:
        json.dump(run(json.loads(line)), out, default=str)
        out.write("\n")
        out.flush()


if __name__ == "__main__":
    main()
