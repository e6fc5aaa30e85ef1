"""Runs task instances of bundles under the real supervisor; executed by the Python of an Airflow environment.

The real `ExecutableCoordinator` finds the bundle and starts it, the real supervisor serves it through the real API
client; only the API server is replaced, at the HTTP level, by one in memory. Reads a JSON request a line from stdin and
answers each with a JSON line on stdout, so that many runs share one process and pay for Airflow's imports once.
"""

from __future__ import annotations

import json
import logging
import os
import pathlib
import sys
import tempfile
import time
import traceback
import uuid
from datetime import datetime, timezone
from typing import Any

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="dagfloe-airflow-home-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__WORKERS__EXECUTION_API_RETRIES"] = "1"

import httpx
import structlog
from airflow.sdk import Connection
from airflow.sdk.api.client import Client
from airflow.sdk.api.datamodels._generated import BundleInfo, TaskInstance
from airflow.sdk.coordinators.executable import ExecutableCoordinator

MARK = "DAGFLOE_TEST_RUN"


class ApiServer:
    """The execution API, as far as tasks use it: answers from memory and remembers every request that changes state."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.variables: dict[str, Any] = dict(request.get("variables", {}))
        self.xcoms: dict[str, Any] = dict(request.get("xcoms", {}))
        self.calls: list[dict[str, Any]] = []
        self.pid: int | None = None

    def __call__(self, http: httpx.Request) -> httpx.Response:
        """Answer one HTTP request."""
        place = [part for part in http.url.path.split("/") if part]
        body = json.loads(http.content) if http.content else None
        if http.method != "GET" and place[-1] != "heartbeat":
            self.calls.append({"method": http.method, "path": "/".join(place), "body": body})
        status, answer = getattr(self, "_" + place[0].replace("-", "_"))(http, place, body)
        return httpx.Response(status, json=answer)

    def _task_instances(self, _http: httpx.Request, place: list[str], body: Any) -> tuple[int, Any]:
        if place[-1] == "run":
            self.pid = body["pid"]
            return 200, self._context()
        if place[-1] == "state" and self.request.get("refuse_state"):
            return 500, {"detail": "the database is away"}
        return 200, {}

    def _context(self) -> dict[str, Any]:
        now = datetime.now(timezone.utc).isoformat()
        run = {
            "dag_id": self.request["dag_id"],
            "run_id": "manual__1",
            "logical_date": now,
            "data_interval_start": now,
            "data_interval_end": now,
            "run_after": now,
            "start_date": now,
            "end_date": None,
            "run_type": "manual",
            "state": "running",
            "conf": self.request.get("conf", {}),
            "consumed_asset_events": [],
            "partition_key": None,
        }
        wanted = {name: self.request[name] for name in ("should_retry", "max_tries") if name in self.request}
        return {"dag_run": run, "max_tries": 0, "should_retry": False, "variables": [], "connections": [], **wanted}

    def _variables(self, http: httpx.Request, place: list[str], body: Any) -> tuple[int, Any]:
        key = place[1]
        if key in self.request.get("forbidden", ()):
            return 403, {"detail": "not yours"}
        if http.method == "PUT":
            self.variables[key] = body["val"]
        elif http.method == "DELETE":
            self.variables.pop(key, None)
        elif key not in self.variables:
            return 404, {"detail": {"reason": "not_found", "message": key}}
        return 200, {"key": key, "value": self.variables.get(key)}

    def _connections(self, _http: httpx.Request, place: list[str], _body: Any) -> tuple[int, Any]:
        connection = self.request.get("connections", {}).get(place[1])
        if connection is None:
            return 404, {"detail": {"reason": "not_found", "message": place[1]}}
        unset = dict.fromkeys(("host", "schema", "login", "password", "port", "extra"))
        return 200, {"conn_id": place[1], **unset, **connection}

    def _xcoms(self, http: httpx.Request, place: list[str], body: Any) -> tuple[int, Any]:
        name = "/".join(place[3:5])
        if http.method == "POST":
            self.xcoms[name] = body
        elif http.method == "DELETE":
            self.xcoms.pop(name, None)
        elif name not in self.xcoms:
            return 404, {"detail": {"reason": "not_found", "message": name}}
        return 200, {"key": place[4], "value": self.xcoms.get(name)}


class Log:
    """Collects records; sends the requested signal as soon as the requested event appears."""

    def __init__(self, request: dict[str, Any], api: ApiServer) -> None:
        self.records: list[dict[str, Any]] = []
        self._signal = request.get("signal")
        self._api = api

    def __call__(self, _logger: Any, method: str, event: dict[str, Any]) -> Any:
        """Keep one record."""
        self.records.append({**event, "level": method})
        wanted = self._signal
        if wanted and self._api.pid and wanted["on"] in str(event.get("event")):
            self._signal = None
            os.kill(self._api.pid, wanted["number"])
        raise structlog.DropEvent

    def logger(self) -> Any:
        """A logger whose records are collected."""
        return structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=[self],
            wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        )


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run one task instance."""
    api = ApiServer(request)
    log = Log(request, api)
    mark = uuid.uuid4().hex
    added = {**request.get("env", {}), MARK: mark}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    supervisor: list[dict[str, Any]] = []

    def keep_supervisor(_logger: Any, method: str, event: dict[str, Any]) -> Any:
        if method not in ("debug", "info"):
            supervisor.append({**event, "level": method})
        raise structlog.DropEvent

    # Everything passes, because the supervisor uses this wrapper for the task's records, too.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET), processors=[keep_supervisor]
    )
    ti = TaskInstance(
        id=uuid.uuid4(),
        task_id=request["task_id"],
        dag_id=request["dag_id"],
        run_id="manual__1",
        try_number=request.get("try_number", 1),
        dag_version_id=uuid.uuid4(),
        map_index=request.get("map_index", -1),
    )
    began, error, result = time.perf_counter(), None, None
    try:
        with Client(base_url=None, dry_run=True, token="none", transport=httpx.MockTransport(api)) as client:
            coordinator = ExecutableCoordinator(executables_root=[request["root"]], task_startup_timeout=30)
            result = coordinator.execute_task(
                what=ti,
                dag_rel_path="dag.py",
                bundle_info=BundleInfo(name="bundles", version=None),
                client=client,
                logger=log.logger(),
                subprocess_logs_to_stdout=False,
            )
    except BaseException as failure:  # noqa: BLE001 - the supervisor's own failure is an answer, too
        error = "".join(traceback.format_exception(failure))
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return {
        "final_state": str(getattr(result.final_state, "value", result.final_state)) if result else None,
        "exit_code": int(result.exit_code) if result else None,
        "error": error,
        "seconds": time.perf_counter() - began,
        "calls": api.calls,
        "records": log.records,
        "supervisor": supervisor,
        "xcoms": api.xcoms,
        "variables": api.variables,
        "leftovers": leftovers(mark),
    }


def leftovers(mark: str) -> list[str]:
    """The command lines of processes that a run started and that are still alive."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def connections(request: dict[str, Any]) -> list[dict[str, Any]]:
    """What Airflow's own Connection makes of URIs."""
    answers = []
    for uri in request["uris"]:
        connection = Connection.from_uri(uri, conn_id="c")
        fields = ("conn_type", "host", "schema", "login", "password", "port", "extra")
        answers.append({**{name: getattr(connection, name) for name in fields}, "uri": connection.get_uri()})
    return answers


def main() -> None:
    """Answer requests until stdin ends."""
    out = os.fdopen(os.dup(1), "w")  # what libraries print goes to stderr, so that stdout holds answers only
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        answer = connections(request) if "uris" in request else run(request)
        json.dump(answer, out, default=str)
        out.write("\n")
        out.flush()


if __name__ == "__main__":
    main()
