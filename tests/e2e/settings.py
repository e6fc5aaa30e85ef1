"""How an Airflow for tests is configured: everything on loopback, in one folder, and quick."""

from __future__ import annotations

import base64
import json
import os
import random
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.places import Places

QUEUE = "dagfloe"
COORDINATOR = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"
#: Seconds that a writer waits for another one; SQLite has one at a time, and Python's default is 5 seconds.
BUSY_TIMEOUT_S = 60
#: What another Airflow, Python or bundle in the caller's environment would change.
FOREIGN = ("AIRFLOW", "DAGFLOE_", "PYTHON", "VIRTUAL_ENV", "COVERAGE_", "PYTEST_")


#: Ports that were chosen, which their servers may not have taken yet.
_chosen: set[int] = set()


def free_port() -> int:
    """A port of loopback that nobody listens on, outside the range from which Linux gives ports to those who ask."""
    while True:
        port = random.randint(20000, 32000)  # noqa: S311 - nothing secret
        if port in _chosen:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _chosen.add(port)
            return port


def newer(version: str) -> bool:
    """Whether coordinators take bundle files from a Dag bundle, as in 3.4, instead of a folder."""
    return tuple(int(part) for part in version.split(".")[:2]) >= (3, 4)


def environment(places: Places, port: int, mark: dict[str, str]) -> dict[str, str]:
    """The environment of all components: the caller's, without what is foreign, and the settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    env |= {f"AIRFLOW__{name}": value for name, value in (_common(places, port) | _bundles(places)).items()}
    return (
        env
        | mark
        | {
            "AIRFLOW_HOME": str(places.home),
            "PATH": f"{places.python.parent}{os.pathsep}{env.get('PATH', os.defpath)}",
            "SPT_NOENV": "1",  # Airflow's process titles would overwrite the environment, where the mark is
            "PYTHONUNBUFFERED": "1",  # what a component said before it died is in its output
            "TMPDIR": str(places.temporary),  # whatever a component or a bundle leaves is found there
            "DAGFLOE_CACHE_DIR": str(places.store),  # as is what bundle files unpack
        }
    )


def _common(places: Places, port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    return {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",  # each is a process, and a machine for tests has few processors
        "CORE__LOAD_EXAMPLES": "False",  # a hundred Dags to parse that nobody asked for
        "CORE__FERNET_KEY": _key(),  # else connections are stored in the clear
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{free_port()}/execution/",  # by default port 8080
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",  # nothing but this machine reaches it: no login
        "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",  # seconds; a changed Dag is there at its next parse, not in 30
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{places.database}?timeout={BUSY_TIMEOUT_S}",
        "API__HOST": "127.0.0.1",  # by default every address
        "API__PORT": str(port),
        "API__BASE_URL": url,  # links, and where the login leads
        "API__SECRET_KEY": _key(),  # one for all components, or they refuse each other's requests
        "API_AUTH__JWT_SECRET": _key(64),  # the same; shorter ones are warned of
        # Nobody's: the log of a running task is asked for at a log server, too, and port 8793 may be another Airflow's.
        "LOGGING__WORKER_LOG_SERVER_PORT": "9",
        "LOGGING__TRIGGER_LOG_SERVER_PORT": "9",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",  # seconds from a task's end to the start of the next, not 1
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1",  # a deferral times out in time, not up to 15 s later
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # a task learns that it was stopped in 1 s, not in 5
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",  # seconds until a new Dag file is seen, not 300
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",  # few files, few processors
    }


def _bundles(places: Places) -> dict[str, str]:
    dag_bundles = {"dags": places.dags}
    if newer(places.version):
        dag_bundles["bundles"] = places.bundles
        options: dict[str, object] = {"task_handler_bundle_name": "bundles"}
    else:
        options = {"executables_root": [str(places.bundles)]}
    return {
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([_local(*each) for each in dag_bundles.items()]),
        "SDK__COORDINATORS": json.dumps({"dagfloe": {"classpath": COORDINATOR, "kwargs": options}}),
        "SDK__QUEUE_TO_COORDINATOR": json.dumps({QUEUE: "dagfloe"}),
    }


def _local(name: str, path: Path) -> dict[str, object]:
    return {"name": name, "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(path)}}


def _key(size: int = 32) -> str:
    return base64.urlsafe_b64encode(os.urandom(size)).decode()
