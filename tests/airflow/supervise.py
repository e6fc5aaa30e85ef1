"""Runs task instances of bundles under the real supervisor; executed by the Python of an Airflow environment.

The real `ExecutableCoordinator` finds the bundle and starts it, the real supervisor serves it through the real API
client; only the API server is replaced, at the HTTP level, by one in memory. Reads a JSON request a line from stdin and
answers each with a JSON line on stdout, so that many runs share one process and pay for Airflow's imports once.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import logging
import os
import pathlib
import sys
import tempfile
import time
import traceback
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = pathlib.Path(tempfile.mkdtemp(prefix="dagfloe-airflow-home-"))
#: From 3.4 on, bundle files lie in a Dag bundle: this link leads to the folder of each run.
ROOT = HOME / "bundles"
os.environ["AIRFLOW_HOME"] = str(HOME)
os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(
    [
        {
            "name": "bundles",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(ROOT)},
        }
    ]
)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__WORKERS__EXECUTION_API_RETRIES"] = "1"
os.environ["AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME"] = "3"  # 60 s by default, before a stuck process is ended

import structlog
from airflow.sdk import Connection
from airflow.sdk.api.client import Client
from airflow.sdk.api.datamodels._generated import BundleInfo, TaskInstance
from airflow.sdk.coordinators.executable import ExecutableCoordinator
from airflow.sdk.execution_time import supervisor as supervisor_module
from api_server import RUN_ID, ApiServer, httpx

from airflow import __version__ as airflow_version

MARK = "DAGFLOE_TEST_RUN"
LEFTOVERS_S = 2.0


class Log:
    """The task's log; sends the requested signal as soon as the requested event appears.

    With `as_written` in the request, the records are what Airflow writes to the task's log file, masked; without, what
    the supervisor gave to its logger.
    """

    def __init__(self, request: dict[str, Any], api: ApiServer) -> None:
        self._records: list[dict[str, Any]] = []
        self._file = io.BytesIO()
        self._as_written = request.get("as_written", False)
        self._signal = request.get("signal")
        self._api = api

    def __call__(self, _logger: Any, method: str, event: dict[str, Any]) -> Any:
        """Take one record."""
        wanted = self._signal
        if wanted and self._api.pid and wanted["on"] in str(event.get("event")):
            self._signal = None
            os.kill(os.getpid() if wanted.get("to") == "supervisor" else self._api.pid, wanted["number"])
        if self._as_written:
            event.pop("__level_override", None)  # Airflow's own logger class takes it away
            return event
        self._records.append({**event, "level": method})
        raise structlog.DropEvent

    def logger(self) -> Any:
        """A logger whose records are collected."""
        if self._as_written:
            from airflow.sdk._shared.secrets_masker import reset_secrets_masker  # noqa: PLC0415 - not in every Airflow
            from airflow.sdk.log import logging_processors  # noqa: PLC0415 - as above

            reset_secrets_masker()
            processors = [self, *logging_processors(json_output=True)]
            return structlog.wrap_logger(
                structlog.BytesLogger(self._file), processors=processors, logger_name="task"
            ).bind()
        return structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=[self],
            wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        )

    @property
    def records(self) -> list[dict[str, Any]]:
        """All records so far."""
        return self._records or [json.loads(line) for line in self._file.getvalue().splitlines()]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run one task instance."""
    api = ApiServer(request)
    log = Log(request, api)
    mark = uuid.uuid4().hex
    added = {**request.get("env", {}), MARK: mark}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    supervisor: list[dict[str, Any]] = []
    understood: list[Any] = []

    def keep_supervisor(_logger: Any, method: str, event: dict[str, Any]) -> Any:
        if event.get("event", "").startswith("Received message from task runner"):
            understood.append(told_of(event["msg"]))
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
        run_id=RUN_ID,
        try_number=request.get("try_number", 1),
        dag_version_id=uuid.uuid4(),
        map_index=request.get("map_index", -1),
        context_carrier=request.get("context_carrier"),
    )
    began, error, result = time.perf_counter(), None, None
    try:
        with (
            settings(request),
            Client(base_url=None, dry_run=True, token="none", transport=httpx.MockTransport(api)) as client,
        ):
            result = coordinator_for(request["root"], request.get("startup_s", 30)).execute_task(
                what=ti,
                dag_rel_path=f"{request['dag_id']}.py",
                bundle_info=BundleInfo(name="bundles", version=None),
                client=client,
                logger=log.logger(),
                subprocess_logs_to_stdout=False,
            )
    except BaseException as failure:  # noqa: BLE001 - the supervisor's own failure is an answer, too
        error = "".join(traceback.format_exception(failure))
        traceback.clear_frames(failure.__traceback__)  # a lost task's sockets close, as when a worker process ends
        gc.collect()
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
        "airflow": airflow_version,
        "records": log.records,
        "supervisor": supervisor,
        "understood": understood,
        "leftovers": leftovers(mark),
        **api.told(),
    }


def told_of(message: Any) -> Any:
    """A request as the supervisor understood it, with the fields that the bundle sent; of a secret only the type."""
    if isinstance(message, type):
        return {"type": message.__name__}
    return message.model_dump(by_alias=True, exclude_unset=True)


@contextlib.contextmanager
def settings(request: dict[str, Any]) -> Iterator[None]:
    """Let constants that the supervisor's module read from the configuration be others, for one run.

    With `escalation_s`, so much time passes from one signal to the next, instead of 5 s.
    """
    wanted = request.get("settings", {})
    usual = {name: getattr(supervisor_module, name) for name in wanted}
    kill = supervisor_module.WatchedSubprocess.kill
    first, usual_s, force = kill.__defaults__
    vars(supervisor_module).update(wanted)
    kill.__defaults__ = (first, request.get("escalation_s", usual_s), force)
    try:
        yield
    finally:
        vars(supervisor_module).update(usual)
        kill.__defaults__ = (first, usual_s, force)


def coordinator_for(root: str, startup_s: float) -> ExecutableCoordinator:
    """The coordinator that finds bundle files below a folder: 3.3 takes the folder, 3.4 a Dag bundle's name."""
    if airflow_version.startswith("3.3."):
        return ExecutableCoordinator(executables_root=[root], task_startup_timeout=startup_s)
    ROOT.unlink(missing_ok=True)
    ROOT.symlink_to(root)
    return ExecutableCoordinator(task_handler_bundle_name="bundles", task_startup_timeout=startup_s)


def leftovers(mark: str) -> list[str]:
    """The command lines of processes that a run started and that are still alive, even after a moment."""
    deadline = time.monotonic() + LEFTOVERS_S
    while (found := alive(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def alive(mark: str) -> list[str]:
    """The command lines of processes that a run started and that are alive."""
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


def serialized(request: dict[str, Any]) -> list[Any]:
    """What Airflow's own serialization makes of Python expressions."""
    from airflow.sdk.serde import serialize  # noqa: PLC0415 - seldom asked

    names = {name: __import__(name) for name in ("datetime", "decimal", "uuid", "zoneinfo")}
    return [serialize(eval(expression, names)) for expression in request["expressions"]]  # noqa: S307 - our own


ANSWERS = {
    "uris": connections,
    "expressions": serialized,
    "version": lambda _request: airflow_version,
}


def main() -> None:
    """Answer requests until stdin ends."""
    out = os.fdopen(os.dup(1), "w")  # what libraries print goes to stderr, so that stdout holds answers only
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        answer = next((ask for kind, ask in ANSWERS.items() if kind in request), run)(request)
        json.dump(answer, out, default=str)
        out.write("\n")
        out.flush()


if __name__ == "__main__":
    main()
