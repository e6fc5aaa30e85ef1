"""A whole Airflow on this machine: API server, scheduler, Dag processor and triggerer, as long as a block lasts."""

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
from e2e.settings import environment, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARK = "DAGFLOE_E2E_INSTANCE"
EXECUTION = "execution-api"
#: Their commands. The log servers would listen on every address, and the files are on this machine anyway.
#:
#: What tasks ask has a server of its own. A server logs what people do in its event loop, where it waits for SQLite's
#: one writer; if that is a task's request in the same server, which waits for the event loop, both stand still.
COMPONENTS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server", "--apps", "core"),
    EXECUTION: ("api-server", "--apps", "execution"),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
START_DEADLINE_S = 180
#: Then components that still live are told again to end: unless told twice, a triggerer gives its triggers 10 s to
#: clean up, even if there are none, and a scheduler waits for running tasks.
PATIENCE_S = 3
#: For an orderly end, told twice; what is left after it is killed.
STOP_DEADLINE_S = 10
#: How much of its output is shown of a component that died.
TAIL_CHARACTERS = 6000
POLL_S = 0.2


class InstanceError(Exception):
    """Airflow did not start, or a component of it ended by itself."""


class Airflow:
    """An Airflow for tests and for people; a `with` block starts it and ends it, with everything that it started.

    Args:
        version: such as 3.3.2; there must be its environment, `.venvs/airflow-<version>`.
        home: AIRFLOW_HOME, a folder for this instance only; the caller removes it.
        bundles: the folder of the bundle files.
        dags: the folder of the Dag files.
        settings: more of Airflow's settings, such as `{"CORE__PARALLELISM": "2"}`.
        dag_imports: a folder that Dag files may import from, as if what it holds were installed where the Dag processor
            is; the other components do without.

    Attributes:
        env: the environment of the components, for those who start `airflow` commands.
        places: the folders of the instance.
        logs: the folder with the output of the components.
        url: of the web page.
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
        dag_imports: Path | None = None,
    ) -> None:
        self.version = version
        self.places = Places(version, home.absolute(), bundles.absolute(), dags.absolute())
        self.logs = self.places.logs
        self._mark = (MARK, uuid.uuid4().hex)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.env = environment(self.places, port, dict([self._mark]))
        self.env |= {f"AIRFLOW__{name}": value for name, value in (settings or {}).items()}
        self._execution_url = self.env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        self._dag_imports = dag_imports
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._told: set[str] = set()  # to end
        self.api = Api(self.url, self.check)

    def __enter__(self) -> Airflow:  # noqa: PYI034 - Self is not in Python 3.10
        if not self.places.python.exists():
            raise InstanceError(f"{self.places.python} is missing: make .venvs/airflow-{self.version}/.installed")
        atexit.register(self.end)  # for a Ctrl-C before the block has begun, or while it ends
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
        """Look whether all components live.

        Raises:
            InstanceError: one has ended; what it wrote last is in the text.
        """
        for component, process in self._running.items():
            if process.poll() is not None:
                raise InstanceError(
                    f"airflow {component} {self.version} ended with {process.returncode}; it wrote last:\n"
                    f"{self.tail(component)}"
                )

    def tail(self, component: str) -> str:
        """What a component wrote last."""
        return (self.logs / f"{component}.log").read_text(errors="replace")[-TAIL_CHARACTERS:]

    def pid_of(self, component: str) -> int:
        """The process of a component."""
        return self._running[component].pid

    def processes(self) -> dict[int, str]:
        """Every living process that the instance, or what it started, has started: ids and command lines."""
        return marked("=".join(self._mark))

    def end(self) -> dict[int, str]:
        """End everything; a second call finds nothing.

        Returns:
            the processes that outlived Airflow's own orderly end, and were killed.
        """
        with _undisturbed():
            # First the scheduler, whose tasks get it, too, and tell the API server what became of them.
            self._tell_to_end("scheduler")
            self._wait_until_ended(PATIENCE_S, "scheduler")
            self._tell_to_end(*self._running)
            self._wait_until_ended(PATIENCE_S, *self._running)
            self._tell_to_end(*self._running)
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
                start_new_session=True,  # a Ctrl-C in the terminal is for us alone
            )

    def _tell_to_end(self, *components: str) -> None:
        for component in components:
            if component in self._living():
                again = component in self._told
                signal_process(self._running[component].pid, signal.SIGTERM, group=not again)
                self._told.add(component)

    def _wait_until_ended(self, deadline_s: float, *components: str) -> None:
        until = time.monotonic() + deadline_s
        while self._living().intersection(components) and time.monotonic() < until:
            time.sleep(POLL_S)

    def _living(self) -> set[str]:
        return {component for component, process in self._running.items() if process.poll() is None}

    def _migrate(self) -> None:
        """Have a database: a kept one, or a new one, which is kept."""
        self.places.make()
        kept = self.places.migrated
        if not kept.exists():
            self._run("db", "migrate")
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_name(f"{kept.name}.{self._mark[1]}")
            shutil.copyfile(self.places.database, partial)
            partial.replace(kept)
        else:
            shutil.copyfile(kept, self.places.database)
        with closing(sqlite3.connect(self.places.database)) as database:
            # Readers and the writer do not wait for each other then; the file remembers it.
            database.execute("PRAGMA journal_mode=WAL")

    def _run(self, *command: str) -> None:
        self._running[command[0]] = process = self._start(command[0], *command)
        status = process.wait(START_DEADLINE_S)
        if status:
            raise InstanceError(f"airflow {' '.join(command)} ended with {status}:\n{self.tail(command[0])}")
        del self._running[command[0]]

    def _wait_until_healthy(self) -> None:
        until = time.monotonic() + START_DEADLINE_S
        seen: object = None
        while True:
            self.check()
            try:
                urllib.request.urlopen(f"{self._execution_url}health", timeout=POLL_S * 25).close()  # noqa: S310 - http
                seen = health = self.api.health()
            except (OSError, ApiError) as error:
                seen, health = error, {}
            if health and all(part["status"] == "healthy" for part in health.values()):
                return
            if time.monotonic() > until:
                outputs = "\n".join(f"--- {component}\n{self.tail(component)}" for component in COMPONENTS)
                raise InstanceError(f"Airflow is not healthy after {START_DEADLINE_S} s: {seen}\n{outputs}")
            time.sleep(POLL_S)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no Ctrl-C, and no SIGTERM, leave the end half done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
