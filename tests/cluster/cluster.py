"""An Airflow with PostgreSQL, Redis and the CeleryExecutor, whose parts can be ended and started one by one."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster import worker as workers
from cluster.engines import Postgres, Redis
from e2e.api import Api, ApiError
from e2e.places import ROOT, Places
from e2e.processes import kill_marked, marked
from e2e.settings import environment, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.worker import Worker

MARK = "DAGFLOE_CLUSTER"
START_DEADLINE_S = 180
STOP_DEADLINE_S = 30
TAIL_CHARACTERS = 6000
#: Each may take the 30 s of `e2e.rest`.
GET_TRIES = 4
POLL_S = 0.2
#: How long Airflow waits for a sign of life of a running task: its default, and for the scenarios that wait for that.
HEARTBEAT_TIMEOUT_S, SHORT_TIMEOUT_S = 300, 30
#: The tasks that a worker runs at once.
SLOTS = 24
COMPONENTS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
QUEUES = "default,dagfloe"
CELERY = ("celery", "worker", "--queues", QUEUES, "--skip-serve-logs", "--without-mingle", "--without-gossip")
EDGE = ("edge", "worker", "--queues", QUEUES)
EXECUTORS = "CeleryExecutor,EdgeExecutor:airflow.providers.edge3.executors.EdgeExecutor"
#: Two Celery workers and two Edge workers.
HOSTS = ("worker-a", "worker-b", "edge-c", "edge-d")


class ClusterError(Exception):
    """A part of the Airflow did not start, or ended unexpectedly."""


@dataclass(frozen=True)
class ClusterPlaces(Places):
    """The files and folders of the Airflow."""

    @property
    def venv(self) -> Path:
        """The environment with Airflow, its providers and their clients; `make` installs it."""
        return ROOT / ".venvs" / f"cluster-{self.version}"

    @property
    def python(self) -> Path:
        """Airflow's Python."""
        return self.venv / "bin" / "python"

    @property
    def migrated(self) -> Path:
        """The cached database after a migration, which takes seconds."""
        return ROOT / ".cache" / "airflow-databases" / f"cluster-{self.version}.sql"

    @property
    def tool(self) -> Path:
        """The environment with dagfloe that the workers use."""
        return ROOT / ".venvs" / "cluster-tool"

    @property
    def records(self) -> Path:
        """The file that tasks append to."""
        return self.home / "records"


class ClusterApi(Api):
    """Requests to an Airflow with Edge workers, on a machine that may be too busy to answer in time."""

    def edge_states(self) -> dict[str, str]:
        """The states of the Edge workers by name."""
        found = self._request("GET", "worker", {}, base="edge_worker/ui")
        return {worker["worker_name"]: str(worker["state"]) for worker in found["workers"]}

    def _request(self, method: str, path: str, query: dict[str, Any], body: object = None, base: str = "api/v2") -> Any:
        for _ in range(GET_TRIES - 1):
            try:
                return super()._request(method, path, query, body, base)
            except TimeoutError:
                if method != "GET":
                    raise
        return super()._request(method, path, query, body, base)


class Cluster:
    """An Airflow. A `with` block starts it without workers, and ends it with all its processes.

    Args:
        version: of Airflow, such as 3.3.2.
        root: an empty folder for everything. The caller removes it.
        dag_imports: a folder that is on the import path of the Dag processor.

    Attributes:
        heartbeat_timeout_s: how long the next scheduler waits for a sign of life of a task.
        places: its folders.
        hosts: the hosts of workers by name.
        workers: the running workers by the name of the host.
        api: its REST API.
        broker: its Redis.
        env: the environment of its components.
    """

    def __init__(self, version: str, root: Path, dag_imports: Path) -> None:
        self._mark = (MARK, uuid.uuid4().hex)
        self._dag_imports = dag_imports
        self.heartbeat_timeout_s = HEARTBEAT_TIMEOUT_S
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        root.chmod(0o755)  # for the users of the workers
        self.places = ClusterPlaces(version, root / "airflow", root / "bundles", root / "dags")
        self.places.make()
        for folder in (self.places.bundles, self.places.dags):
            folder.mkdir()
        self.places.records.touch()
        self.places.records.chmod(0o666)
        self.hosts = {name: workers.Host(name, root / name, number) for number, name in enumerate(HOSTS, 1)}
        for host in self.hosts.values():
            host.make()
        self.workers: dict[str, Worker] = {}
        port = free_port()
        self.env = environment(self.places, port, dict([self._mark]))
        self._postgres = Postgres(root / "postgres", self.env)
        self.broker = Redis(root / "redis", self.env)
        self.env |= {f"AIRFLOW__{name}": value for name, value in self._settings(port).items()}
        self.env["CLUSTER_RECORDS"] = str(self.places.records)
        self.api = ClusterApi(f"http://127.0.0.1:{port}", self.check)

    def __enter__(self) -> Cluster:  # noqa: PYI034 - Self is not in Python 3.10
        if not self.places.python.exists():
            raise ClusterError(f"{self.places.python} is missing: make {self.places.venv}/.installed")
        try:
            self._postgres.start()
            self.broker.start()
            self._migrate()
            for component in COMPONENTS:
                self.start(component)
            self.wait_until_healthy()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.end()

    def end(self) -> None:
        """End all processes at once: nothing of this Airflow is used again."""
        self._running = {}
        self._postgres.stop()
        kill_marked("=".join(self._mark))

    def check(self) -> None:
        """Check that all components live.

        Raises:
            ClusterError: one has ended; the message contains its last output.
        """
        for component, process in self._running.items():
            if process.poll() is not None:
                output = self.log(component).read_text(errors="replace")[-TAIL_CHARACTERS:]
                raise ClusterError(f"airflow {component} ended with {process.returncode}:\n{output}")

    def log(self, name: str) -> Path:
        """The file with the output of a component or worker."""
        return self.places.logs / f"{name}.log"

    def start(self, component: str) -> None:
        """Start a component."""
        env = dict(self.env)
        if component == "dag-processor":
            env["PYTHONPATH"] = str(self._dag_imports.absolute())
        if component == "scheduler":
            env["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"] = str(self.heartbeat_timeout_s)
        self._running[component] = self._airflow(component, COMPONENTS[component], env)

    def stop(self, component: str, number: int) -> None:
        """Send a signal to a component and its group, and wait for its end.

        Args:
            component: its name.
            number: the signal.

        Raises:
            subprocess.TimeoutExpired: it is still alive after 30 s.
        """
        process = self._running.pop(component)
        os.killpg(process.pid, number)
        process.wait(STOP_DEADLINE_S)

    def shorten_heartbeat_timeout(self) -> None:
        """Let the scheduler wait only 30 s for a sign of life of a task."""
        if self.heartbeat_timeout_s != SHORT_TIMEOUT_S:
            self.heartbeat_timeout_s = SHORT_TIMEOUT_S
            self.stop("scheduler", signal.SIGKILL)
            self.start("scheduler")
            self.wait_until_healthy()

    def start_worker(self, name: str, prepare: str = "", *, require: str = "") -> Worker:
        """Start a worker on its host, and wait until it takes tasks.

        Args:
            name: the host's name.
            prepare: shell commands that change the host.
            require: a Dag. The worker starts when it can run this Dag's tasks, and nothing waits for it.
        """
        host, log = self.hosts[name], self.log(name)
        seen = log.stat().st_size if log.exists() else 0
        is_edge = name.startswith("edge")
        release = ".".join(self.places.version.split(".")[:2])
        gate = workers.GATE.format(release=release, dag_id=require, pause_s=workers.GATE_PAUSE_S)
        worker = self.workers[name] = workers.start(
            host,
            [*(EDGE if is_edge else CELERY), "--concurrency", str(SLOTS)],
            self._worker_env(),
            bundles=self.places.bundles,
            venv=self.places.venv,
            tool=self.places.tool,
            log=log,
            prepare=prepare,
            gate=gate if require else "",
        )
        if not require:
            self.wait_for_worker(name, seen)
        return worker

    def wait_for_worker(self, name: str, seen: int = 0) -> None:
        """Wait until a worker takes tasks.

        Args:
            name: the host's name.
            seen: the length of its output before its start.

        Raises:
            ClusterError: it has ended.
        """
        worker, log = self.workers[name], self.log(name)

        def is_ready() -> bool:
            output = log.read_bytes()[seen:].decode(errors="replace")
            if worker.process.poll() is not None:
                raise ClusterError(f"worker {name} ended with {worker.process.returncode}:\n{output}")
            return self.api.edge_states().get(name) == "idle" if name.startswith("edge") else " ready." in output

        self.api.wait(f"worker {name}, whose output is in {log}", is_ready, START_DEADLINE_S)

    def end_worker(self, name: str) -> None:
        """Let a worker end in order, if it runs."""
        worker = self.workers.pop(name, None)
        if worker is not None:
            worker.terminate(group=False)
            worker.wait()

    def ensure_workers(self, *names: str) -> None:
        """Start the workers that do not run."""
        for name in names:
            if name not in self.workers:
                self.start_worker(name)

    def processes(self) -> dict[int, str]:
        """The pids and command lines of all living processes."""
        return marked("=".join(self._mark))

    def wait_until_healthy(self) -> None:
        """Wait until all components are healthy.

        Raises:
            ClusterError: one is not.
        """
        until = time.monotonic() + START_DEADLINE_S
        last: object = None
        while True:
            self.check()
            try:
                last = health = self.api.health()
            except (OSError, ApiError) as error:
                last, health = error, {}
            if health and all(part["status"] == "healthy" for part in health.values()):
                return
            if time.monotonic() > until:
                raise ClusterError(f"Airflow is not healthy after {START_DEADLINE_S} s: {last}")
            time.sleep(POLL_S)

    def _worker_env(self) -> dict[str, str]:
        # Without the folder of programs: each worker's user has one.
        return {name: value for name, value in self.env.items() if name != "DAGFLOE_CACHE_DIR"}

    def _airflow(self, name: str, command: tuple[str, ...], env: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.log(name).open("ab") as output:
            return subprocess.Popen(
                [self.places.python, "-m", "airflow", *command],
                env=env,
                cwd=self.places.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _migrate(self) -> None:
        """Create the database: read the cached one, or migrate a new one and cache it."""
        cached, stamp = self.places.migrated, self.places.venv / ".installed"
        if cached.exists() and cached.stat().st_mtime > stamp.stat().st_mtime:
            self._postgres.run("psql", "--quiet", "--file", str(cached), "airflow")
            return
        status = self._airflow("migrate", ("db", "migrate"), self.env).wait(START_DEADLINE_S)
        if status:
            raise ClusterError(f"airflow db migrate ended with {status}:\n{self.log('migrate').read_text()}")
        cached.parent.mkdir(parents=True, exist_ok=True)
        partial = cached.with_name(f"{cached.name}.{self._mark[1]}")
        self._postgres.run("pg_dump", "--file", str(partial), "airflow")
        partial.replace(cached)

    def _settings(self, port: int) -> dict[str, str]:
        url = f"http://127.0.0.1:{port}"
        return {
            "CORE__EXECUTOR": EXECUTORS,
            "CORE__PARALLELISM": "64",
            "CORE__MAX_ACTIVE_TASKS_PER_DAG": "64",
            # Airflow's default, 1,024, is less than the task instances of the largest run.
            "CORE__MAX_MAP_LENGTH": "10000",
            "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{self._postgres.url}",
            "CELERY__BROKER_URL": self.broker.url,
            "CELERY__RESULT_BACKEND": f"db+postgresql://{self._postgres.url}",
            "EDGE__API_ENABLED": "True",
            "EDGE__API_URL": f"{url}/edge_worker/v1/rpcapi",
            "EDGE__HEARTBEAT_INTERVAL": "5",
            "EDGE__JOB_POLL_INTERVAL": "1",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
            # A new scheduler takes over the tasks of one that is silent for this time; by default after 30 s.
            "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
            "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
            # The default again: three missed ones in a row end a task, and servers restart here.
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
            # With the defaults, 5 and 90, a task that ends in the 30 s in which a busy machine starts an API server
            # fails, and runs again.
            "WORKERS__EXECUTION_API_RETRIES": "40",
            "WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "5",
        }
