"""A complete Airflow on this machine: API server, scheduler, Dag processor and triggerer, in a `with` block."""

from __future__ import annotations

import atexit
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.parse
import urllib.request
import uuid
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from e2e.api import Api, ApiError
from e2e.places import Places
from e2e.processes import STOPS, kill_marked, marked, signal_process
from e2e.settings import environment as component_environment
from e2e.settings import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARK = "DAGFLOE_E2E_INSTANCE"
EXECUTION = "execution-api"
#: The commands of the components. Without log servers, because these would listen on every address.
#:
#: The execution API has its own server. A server logs the actions of people in its event loop, where it waits for
#: SQLite's only writer. If the writer is a task's request in the same server, which waits for the event loop, both
#: hang.
COMPONENTS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server", "--apps", "core"),
    EXECUTION: ("api-server", "--apps", "execution"),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
START_DEADLINE_S = 180
#: Components that live longer get a second SIGTERM. After only one, a triggerer waits 10 s for its triggers, even if it
#: has no triggers, and a scheduler waits for running tasks.
GRACE_S = 3
#: For an orderly end after the second SIGTERM. Then the remaining processes get SIGKILL.
STOP_DEADLINE_S = 10
#: The length of the output that is shown if a component died.
TAIL_CHARACTERS = 6000
POLL_S = 0.2


class InstanceError(Exception):
    """Airflow did not start, or one of its components ended unexpectedly."""


class Airflow:
    """An Airflow for tests and for people. A `with` block starts it, and ends it with all its processes.

    Args:
        version: a version such as 3.3.2, with an environment in `.venvs/airflow-<version>`.
        home: AIRFLOW_HOME, a folder for this instance only. The caller removes it.
        bundles: the folder of the bundle files.
        dags: the folder of the Dag files.
        settings: additional settings of Airflow, such as `{"CORE__PARALLELISM": "2"}`.
        environment: the name of its virtual environment in `.venvs`, without the version.
        dag_imports: a folder that is on the import path of the Dag processor, and of no other component.

    Attributes:
        env: the environment of the components, for `airflow` commands.
        places: the folders of the instance.
        logs: the folder with the output of the components.
        url: the URL of the web page.
        api: its REST API.
    """

    def __init__(
        self,
        version: str,
        home: Path,
        bundles: Path,
        dags: Path,
        *,
        settings: Mapping[str, str] | None = None,
        environment: str = "airflow",
        dag_imports: Path | None = None,
    ) -> None:
        self.version = version
        self.places = Places(version, home.absolute(), bundles.absolute(), dags.absolute(), environment)
        self.logs = self.places.logs
        self._mark = (MARK, uuid.uuid4().hex)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.env = component_environment(self.places, port, dict([self._mark]))
        self.env |= {f"AIRFLOW__{name}": value for name, value in (settings or {}).items()}
        self._execution_url = self.env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        self._dag_imports = dag_imports
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._signalled: set[str] = set()  # components that got SIGTERM
        self.api = Api(self.url, self.check)

    def __enter__(self) -> Airflow:  # noqa: PYI034 - Self is not in Python 3.10
        if not self.places.python.exists():
            raise InstanceError(f"{self.places.python} is missing: make {self.places.python.parents[1]}/.installed")
        atexit.register(self.end)  # for a Ctrl-C before the block starts, or while it ends
        try:
            self._migrate()
            for component, command in COMPONENTS.items():
                self._running[component] = self._start(component, *command)
            self._wait_until_healthy()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.end()

    def check(self) -> None:
        """Check that all components live.

        Raises:
            InstanceError: one has ended; the message contains its last output.
        """
        for component, process in self._running.items():
            if process.poll() is not None:
                raise InstanceError(
                    f"airflow {component} {self.version} ended with {process.returncode}; its last output:\n"
                    f"{self.tail(component)}"
                )

    def tail(self, component: str) -> str:
        """Return the last output of a component."""
        return (self.logs / f"{component}.log").read_text(errors="replace")[-TAIL_CHARACTERS:]

    def pid_of(self, component: str) -> int:
        """Return the pid of a component."""
        return self._running[component].pid

    def processes(self) -> dict[int, str]:
        """Return the pids and command lines of all living processes of the instance and of their descendants."""
        return marked("=".join(self._mark))

    def end(self) -> dict[int, str]:
        """End all processes. A second call has no effect.

        Returns:
            the processes that got SIGKILL, because they did not end with Airflow.
        """
        with _stops_ignored():
            # The scheduler is first: its tasks get the signal too, and report their states to the API server.
            self._signal("scheduler")
            self._wait_until_ended(GRACE_S, "scheduler")
            self._signal(*self._running)
            self._wait_until_ended(GRACE_S, *self._running)
            self._signal(*self._running)
            self._wait_until_ended(STOP_DEADLINE_S, *self._running)
            killed = kill_marked("=".join(self._mark))
            for process in self._running.values():
                process.wait()
            self._running = {}
        atexit.unregister(self.end)
        return killed

    def _start(self, component: str, *command: str) -> subprocess.Popen[bytes]:
        env = dict(self.env)
        if component == EXECUTION:
            env["AIRFLOW__API__PORT"] = str(urllib.parse.urlsplit(self._execution_url).port)
        if component == "dag-processor" and self._dag_imports is not None:
            env["PYTHONPATH"] = str(self._dag_imports.absolute())
        with (self.logs / f"{component}.log").open("ab") as output:
            return subprocess.Popen(
                [self.places.python, "-m", "airflow", *command],
                env=env,
                cwd=self.places.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal must not reach the components
            )

    def _signal(self, *components: str) -> None:
        for component in components:
            if component in self._living():
                is_again = component in self._signalled
                signal_process(self._running[component].pid, signal.SIGTERM, group=not is_again)
                self._signalled.add(component)

    def _wait_until_ended(self, deadline_s: float, *components: str) -> None:
        until = time.monotonic() + deadline_s
        while self._living().intersection(components) and time.monotonic() < until:
            time.sleep(POLL_S)

    def _living(self) -> set[str]:
        return {component for component, process in self._running.items() if process.poll() is None}

    def _migrate(self) -> None:
        """Create the database: copy the cached one, or migrate a new one and cache it."""
        self.places.make()
        cached = self.places.migrated
        if not cached.exists():
            self._run("db", "migrate")
            cached.parent.mkdir(parents=True, exist_ok=True)
            partial = cached.with_name(f"{cached.name}.{self._mark[1]}")
            shutil.copyfile(self.places.database, partial)
            partial.replace(cached)
        else:
            shutil.copyfile(cached, self.places.database)
        with closing(sqlite3.connect(self.places.database)) as database:
            # In this mode, which the file stores, readers and the writer do not wait for each other.
            database.execute("PRAGMA journal_mode=WAL")

    def _run(self, *command: str) -> None:
        self._running[command[0]] = process = self._start(command[0], *command)
        status = process.wait(START_DEADLINE_S)
        if status:
            raise InstanceError(f"airflow {' '.join(command)} ended with {status}:\n{self.tail(command[0])}")
        del self._running[command[0]]

    def _wait_until_healthy(self) -> None:
        until = time.monotonic() + START_DEADLINE_S
        last: object = None
        while True:
            self.check()
            try:
                urllib.request.urlopen(f"{self._execution_url}health", timeout=POLL_S * 25).close()  # noqa: S310 - http
                last = health = self.api.health()
            except (OSError, ApiError) as error:
                last, health = error, {}
            if health and all(part["status"] == "healthy" for part in health.values()):
                return
            if time.monotonic() > until:
                outputs = "\n".join(f"--- {component}\n{self.tail(component)}" for component in COMPONENTS)
                raise InstanceError(f"Airflow is not healthy after {START_DEADLINE_S} s: {last}\n{outputs}")
            time.sleep(POLL_S)


@contextmanager
def _stops_ignored() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM, which would interrupt the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
