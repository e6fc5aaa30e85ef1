"""Runs task instances of bundles under the real supervisor. The Python of an Airflow environment runs this module.

The real `ExecutableCoordinator` finds the bundle and starts it. The real supervisor answers it through the real API
client. Only the API server is replaced, by one in memory, at the HTTP level. The module reads lines with
JSON requests from stdin, and writes lines with JSON answers to stdout. So many runs share one process, which imports
Airflow only once.
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
#: From 3.4 on, bundle files are in a Dag bundle. This link leads to the folder of the current run.
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
#: From 3.4 on, Airflow knows by its coordinators that a file with Dags of its own also runs their tasks.
EXECUTABLE = {"classpath": "airflow.sdk.coordinators.executable.ExecutableCoordinator", "kwargs": {}}
os.environ["AIRFLOW__SDK__COORDINATORS"] = json.dumps({"dagfloe": EXECUTABLE})
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__WORKERS__EXECUTION_API_RETRIES"] = "1"
os.environ["AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"] = "1"  # the default is 5 s
os.environ["AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME"] = "3"  # the default is 60 s until a stuck process is killed

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
    """The task's log. It sends the requested signal, or lets heartbeats fail, when the requested event appears.

    With `as_written` in the request, the records are those that Airflow writes to the task's log file, masked.
    Otherwise they are those that the supervisor passes to its logger.
    """

    def __init__(self, request: dict[str, Any], api: ApiServer) -> None:
        self._records: list[dict[str, Any]] = []
        self._file = io.BytesIO()
        self._as_written = request.get("as_written", False)
        self._signal = request.get("signal")
        self._heartbeats = request.get("heartbeats")
        self._api = api

    def __call__(self, _logger: Any, method: str, event: dict[str, Any]) -> Any:
        """Collect a record."""
        request = self._signal
        if request and self._api.pid and request["on"] in str(event.get("event")):
            self._signal = None
            os.kill(os.getpid() if request.get("to") == "supervisor" else self._api.pid, request["number"])
        if self._heartbeats and self._heartbeats["on"] in str(event.get("event")):
            self._api.heartbeat_status = self._heartbeats["status"]
        if self._as_written:
            event.pop("__level_override", None)  # Airflow's own logger class removes it
            return event
        self._records.append({**event, "level": method})
        raise structlog.DropEvent

    def logger(self) -> Any:
        """Return a logger whose records this log collects."""
        if self._as_written:
            from airflow.sdk._shared.secrets_masker import reset_secrets_masker  # noqa: PLC0415 - some versions of Airflow do not have it
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
        """All collected records."""
        return self._records or [json.loads(line) for line in self._file.getvalue().splitlines()]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run one task instance."""
    api = ApiServer(request)
    log = Log(request, api)
    mark = uuid.uuid4().hex
    variables = {**request.get("env", {}), MARK: mark}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    supervisor: list[dict[str, Any]] = []
    understood: list[Any] = []

    def collect(_logger: Any, method: str, event: dict[str, Any]) -> Any:
        if event.get("event", "").startswith("Received message from task runner"):
            understood.append(sent_fields(event["msg"]))
        if method not in ("debug", "info"):
            supervisor.append({**event, "level": method})
        raise structlog.DropEvent

    # No level is filtered, because the supervisor uses this wrapper for the task's records too.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET), processors=[collect])
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
                dag_rel_path=request.get("dag_file", f"{request['dag_id']}.py"),
                bundle_info=BundleInfo(name="bundles", version=None),
                client=client,
                logger=log.logger(),
                subprocess_logs_to_stdout=False,
            )
    except BaseException as failure:  # noqa: BLE001 - a failure of the supervisor is an answer too
        error = "".join(traceback.format_exception(failure))
        traceback.clear_frames(
            failure.__traceback__
        )  # closes the sockets of a lost task, like the end of a worker process
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
        **api.report(),
    }


def sent_fields(message: Any) -> Any:
    """Return the fields of a decoded request that the bundle sent; for a secret, only the type."""
    if isinstance(message, type):
        return {"type": message.__name__}
    return message.model_dump(by_alias=True, exclude_unset=True)


@contextlib.contextmanager
def settings(request: dict[str, Any]) -> Iterator[None]:
    """Replace constants that the supervisor's module reads from the configuration, for one run.

    `escalation_s` replaces the 5 s from one signal to the next.
    """
    constants = request.get("settings", {})
    defaults = {name: getattr(supervisor_module, name) for name in constants}
    kill = supervisor_module.WatchedSubprocess.kill
    first, default_s, force = kill.__defaults__
    vars(supervisor_module).update(constants)
    kill.__defaults__ = (first, request.get("escalation_s", default_s), force)
    try:
        yield
    finally:
        vars(supervisor_module).update(defaults)
        kill.__defaults__ = (first, default_s, force)


def coordinator_for(root: str, startup_s: float) -> ExecutableCoordinator:
    """Create a coordinator for the bundle files in a folder: 3.3 takes the folder, 3.4 the name of a Dag bundle."""
    if airflow_version.startswith("3.3."):
        return ExecutableCoordinator(executables_root=[root], task_startup_timeout=startup_s)
    ROOT.unlink(missing_ok=True)
    ROOT.symlink_to(root)
    return ExecutableCoordinator(task_handler_bundle_name="bundles", task_startup_timeout=startup_s)


def leftovers(mark: str) -> list[str]:
    """The command lines of the processes of a run that still live after `LEFTOVERS_S`."""
    deadline = time.monotonic() + LEFTOVERS_S
    while (commands := alive(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return commands


def alive(mark: str) -> list[str]:
    """The command lines of the living processes of a run."""
    commands = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                commands.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return commands


def connections(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Parse URIs with Airflow's own Connection."""
    answers = []
    for uri in request["uris"]:
        connection = Connection.from_uri(uri, conn_id="c")
        fields = ("conn_type", "host", "schema", "login", "password", "port", "extra")
        answers.append({**{name: getattr(connection, name) for name in fields}, "uri": connection.get_uri()})
    return answers


def serialized(request: dict[str, Any]) -> list[Any]:
    """Serialize the values of Python expressions with Airflow's own serialization."""
    from airflow.sdk.serde import serialize  # noqa: PLC0415 - few tests need it

    names = {name: __import__(name) for name in ("datetime", "decimal", "uuid", "zoneinfo")}
    return [serialize(eval(expression, names)) for expression in request["expressions"]]  # noqa: S307 - our own


ANSWERS = {
    "uris": connections,
    "expressions": serialized,
    "version": lambda _request: airflow_version,
}


def main() -> None:
    """Answer requests until stdin ends."""
    out = os.fdopen(os.dup(1), "w")  # output of libraries goes to stderr, so stdout contains only answers
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        answer = next((ask for kind, ask in ANSWERS.items() if kind in request), run)(request)
        json.dump(answer, out, default=str)
        out.write("\n")
        out.flush()


if __name__ == "__main__":
    main()
