"""The configuration of an Airflow for tests: on loopback, in one folder, and fast."""

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
#: The time that a writer waits for another one. SQLite has one writer at a time; Python's default is 5 s.
BUSY_TIMEOUT_S = 60
#: Prefixes of variables for another Airflow, Python or bundle in the caller's environment.
FOREIGN = ("AIRFLOW", "DAGFLOE_", "PYTHON", "VIRTUAL_ENV", "COVERAGE_", "PYTEST_")


#: Ports that `free_port` returned. Their servers may not listen yet.
_reserved: set[int] = set()


def free_port() -> int:
    """Return a free port of loopback, outside Linux's range of ephemeral ports."""
    while True:
        port = random.randint(20000, 32000)  # noqa: S311 - not a secret
        if port in _reserved:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _reserved.add(port)
            return port


def newer(version: str) -> bool:
    """Whether coordinators take bundle files from a Dag bundle, as in 3.4, instead of a folder."""
    return tuple(int(part) for part in version.split(".")[:2]) >= (3, 4)


def environment(places: Places, port: int, mark: dict[str, str]) -> dict[str, str]:
    """Return the environment of all components: the caller's, without the foreign variables, and the settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    env |= {f"AIRFLOW__{name}": value for name, value in (_common(places, port) | _bundles(places)).items()}
    return (
        env
        | mark
        | {
            "AIRFLOW_HOME": str(places.home),
            "PATH": f"{places.python.parent}{os.pathsep}{env.get('PATH', os.defpath)}",
            "SPT_NOENV": "1",  # Airflow's process titles would overwrite the environment, where the mark is
            "PYTHONUNBUFFERED": "1",  # the output contains the last lines of a component that died
            "TMPDIR": str(places.temporary),  # temporary files of components and bundles
            "DAGFLOE_CACHE_DIR": str(places.store),  # the programs of bundle files
        }
    )


def _common(places: Places, port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    return {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",  # every task is a process, and a test machine has few processors
        "CORE__LOAD_EXAMPLES": "False",  # a hundred Dags that nobody needs
        "CORE__FERNET_KEY": _key(),  # without it, connections are stored unencrypted
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{free_port()}/execution/",  # by default port 8080
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",  # no login, because only this machine can connect
        "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",  # seconds until a parse updates a changed Dag, not 30
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{places.database}?timeout={BUSY_TIMEOUT_S}",
        "API__HOST": "127.0.0.1",  # by default every address
        "API__PORT": str(port),
        "API__BASE_URL": url,  # for links and the login
        "API__SECRET_KEY": _key(),  # all components need the same key
        "API_AUTH__JWT_SECRET": _key(64),  # the same; a shorter one causes a warning
        # An unused port: Airflow requests logs of running tasks from it, and port 8793 may be another Airflow's.
        "LOGGING__WORKER_LOG_SERVER_PORT": "9",
        "LOGGING__TRIGGER_LOG_SERVER_PORT": "9",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",  # seconds from a task's end to the start of the next, not 1
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1",  # seconds until a deferral times out, not 15
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # seconds until a stopped task gets its signal, not 5
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",  # seconds until a new Dag file is read, not 300
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
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([_local(name, path) for name, path in dag_bundles.items()]),
        "SDK__COORDINATORS": json.dumps({"dagfloe": {"classpath": COORDINATOR, "kwargs": options}}),
        "SDK__QUEUE_TO_COORDINATOR": json.dumps({QUEUE: "dagfloe"}),
    }


def _local(name: str, path: Path) -> dict[str, object]:
    return {"name": name, "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(path)}}


def _key(size: int = 32) -> str:
    return base64.urlsafe_b64encode(os.urandom(size)).decode()
