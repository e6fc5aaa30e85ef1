"""PostgreSQL and Redis for one run of the tests: in folders and on ports of their own, apart from the system's."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.settings import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

START_DEADLINE_S = 60
STOP_DEADLINE_S = 20
POLL_S = 0.1
#: Debian's folder of PostgreSQL's programs, which are not on the path.
PROGRAMS = Path("/usr/lib/postgresql")
#: Who runs PostgreSQL, which refuses root.
OWNER = "postgres"
#: The data is thrown away, so PostgreSQL need not wait for the disk.
OPTIONS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "listen_addresses": "127.0.0.1"}


class EngineError(Exception):
    """An engine is missing, or did not start."""


class Postgres:
    """A PostgreSQL.

    Args:
        folder: an empty folder for its data.
        env: the environment of its processes.

    Attributes:
        url: of the database `airflow`, without the scheme.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._env = {**env, "PGPASSWORD": secrets.token_hex(16)}
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"{OWNER}:{self._env['PGPASSWORD']}@127.0.0.1:{self._port}/airflow"
        folder.mkdir()
        shutil.chown(folder, OWNER)

    def start(self) -> None:
        """Create the data and the database, and start the server.

        Raises:
            EngineError: it is not installed, or does not answer.
        """
        password = self._data.with_name("password")
        password.write_text(self._env["PGPASSWORD"])
        shutil.chown(password, OWNER)
        initdb = ["initdb", "--pgdata", str(self._data), "--no-sync", f"--pwfile={password}", "--auth=scram-sha-256"]
        with self._log.open("ab") as log:
            subprocess.run(self._as_owner(initdb), env=self._env, check=True, stdout=log, stderr=log)
            options = {**OPTIONS, "port": str(self._port), "unix_socket_directories": str(self._data)}
            server = ["postgres", "-D", str(self._data)]
            server += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
            self._process = subprocess.Popen(
                self._as_owner(server), env=self._env, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + START_DEADLINE_S
        while self.run("createdb", "airflow", check=False):
            if time.monotonic() > until or self._process.poll() is not None:
                raise EngineError(f"PostgreSQL did not start:\n{self._log.read_text()}")
            time.sleep(POLL_S)

    def run(self, program: str, *arguments: str, check: bool = True) -> int:
        """Run one of PostgreSQL's clients, and return its exit status."""
        command = [str(_programs() / program), "--host=127.0.0.1", f"--port={self._port}", f"--username={OWNER}"]
        with self._log.open("ab") as log:
            return subprocess.run([*command, *arguments], env=self._env, check=check, stdout=log, stderr=log).returncode

    def stop(self) -> None:
        """End all its processes at once. It must not be killed, because the kernel would keep its shared memory."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_DEADLINE_S)
            self._process = None

    def _as_owner(self, command: list[str]) -> list[str]:
        return [
            "setpriv",
            f"--reuid={OWNER}",
            f"--regid={OWNER}",
            "--init-groups",
            str(_programs() / command[0]),
            *command[1:],
        ]


class Redis:
    """A Redis that keeps its messages in a file.

    Args:
        folder: an empty folder for its data.
        env: the environment of its process.

    Attributes:
        url: the broker's URL.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = env
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"
        folder.mkdir()

    def start(self) -> None:
        """Start the server, with the messages of its last life.

        Raises:
            EngineError: it does not answer.
        """
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        command += ["--save", "", "--appendonly", "yes", "--logfile", str(self._folder / "redis.log")]
        command += ["--set-proc-title", "no"]  # a title would overwrite the environment, where the mark is
        self._process = subprocess.Popen(
            command, env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        until = time.monotonic() + START_DEADLINE_S
        ping = ["redis-cli", "-p", str(self._port), "ping"]
        while subprocess.run(ping, check=False, capture_output=True, text=True).stdout.strip() != "PONG":
            if time.monotonic() > until or self._process.poll() is not None:
                raise EngineError(f"Redis did not start; its log is {self._folder / 'redis.log'}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Let it write its messages, and end it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)
            self._process.wait(STOP_DEADLINE_S)
            self._process = None


def _programs() -> Path:
    folders = sorted(PROGRAMS.glob("*/bin"))
    if not folders:
        raise EngineError("PostgreSQL is missing: apt-get install postgresql redis-server")
    return folders[-1]
