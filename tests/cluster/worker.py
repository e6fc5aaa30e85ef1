"""A worker: a host of its own as far as Airflow and bundle files can see, with its own name, user, home and files.

It has its own UTS and mount namespaces, and its own session. The network, the clock and the processes are those of the
machine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.processes import marked, signal_process

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: The entry in the environment of a worker's processes. It names the worker and how many were started before it.
MARK = "CLUSTER_WORKER"
#: Where a worker finds Airflow: the machine's folder of it may be closed to other users.
AIRFLOW = "/mnt/airflow"
#: Where it finds dagfloe, in an environment of its own.
TOOL = "/mnt/dagfloe"
#: Makes the host. `unshare` and `setpriv` replace themselves, so that the worker leads its own session.
SCRIPT = """\
set -e
hostname "$HOST_NAME"
mount --bind "$HOST_FOLDER/hosts" /etc/hosts
mount --bind "$HOST_FOLDER/passwd" /etc/passwd
mount -t tmpfs -o mode=755 none /mnt
mkdir {airflow}
mount --bind "$HOST_VENV" {airflow}
mkdir {tool}
mount --bind "$HOST_TOOL" {tool}
mount --bind "$HOST_FOLDER/bundles" "$HOST_BUNDLES"
{prepare}
cd "$HOME"
exec setpriv --reuid=$HOST_UID --regid=$HOST_UID --clear-groups "$@"
"""
#: Starts the worker as soon as it can run the tasks of a Dag, as the units in docs/how-to/ready-workers.md do.
GATE = """\
until "$0" doctor --quiet --airflow {release} --require {dag_id}; do sleep {pause_s}; done
exec "$@"
"""
GATE_PAUSE_S = 2
#: Gives the worker a cache folder that is too small for a bundle file.
FULL_DISK = 'mkdir -p "$HOME/.cache"; mount -t tmpfs -o size=4m,mode=700,uid=$HOST_UID none "$HOME/.cache"'
FIRST_UID = 64100
STOP_DEADLINE_S = 40
POLL_S = 0.1


@dataclass
class Host:
    """The name, the user and the files of a worker. A worker that ended can be started again on its host.

    Attributes:
        name: the host name, and the user's name.
        folder: its files.
        number: a small number that makes its user id and its address.
    """

    name: str
    folder: Path
    number: int
    starts: int = 0

    @property
    def uid(self) -> int:
        """The id of its user and group."""
        return FIRST_UID + self.number

    @property
    def home(self) -> Path:
        """The home folder of its user."""
        return self.folder / "home"

    @property
    def bundles(self) -> Path:
        """Its folder of bundle files."""
        return self.folder / "bundles"

    @property
    def temporary(self) -> Path:
        """Its folder of temporary files."""
        return self.folder / "tmp"

    @property
    def store(self) -> Path:
        """Where its bundle files unpack."""
        return self.home / ".cache" / "dagfloe"

    @property
    def stores(self) -> tuple[Path, Path]:
        """Where its bundle files unpack, and where they do if that is not possible."""
        return self.store, self.temporary / f"dagfloe-{self.uid}"

    def make(self) -> None:
        """Create the folders and files."""
        for folder in (self.home, self.bundles, self.temporary):
            folder.mkdir(parents=True)
        for folder in (self.home, self.temporary):
            os.chown(folder, self.uid, self.uid)
        # Not 127.0.0.1: every worker would be `localhost`.
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost\n127.0.99.{self.number} {self.name}\n")
        user = f"{self.name}:x:{self.uid}:{self.uid}::{self.home}:/bin/sh\n"
        (self.folder / "passwd").write_text(Path("/etc/passwd").read_text("utf-8") + user)


@dataclass
class Worker:
    """A running worker.

    Attributes:
        host: its host.
        mark: its entry in the environment of its processes.
    """

    host: Host
    mark: str
    process: subprocess.Popen[bytes] = field(repr=False)

    def processes(self) -> dict[int, str]:
        """The pids and command lines of its living processes and their descendants."""
        return marked(self.mark)

    def kill_group(self) -> None:
        """Kill the worker and its group, like a machine that loses them. Tasks are in groups of their own."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_DEADLINE_S)

    def kill(self, tasks: Collection[int]) -> None:
        """Kill the worker and the supervisors of its tasks, whose groups are their own.

        Args:
            tasks: the pids of tasks, some of which cannot be told from their supervisor by the command line.
        """
        for pid, command in self.processes().items():
            if "airflow" in command and pid not in tasks:
                signal_process(pid, signal.SIGKILL)
        self.process.wait(STOP_DEADLINE_S)

    def terminate(self, *, group: bool) -> None:
        """Send SIGTERM to the worker: a warm shutdown; or to its group, as systemd does, a stop of the tasks, too."""
        (os.killpg if group else os.kill)(self.process.pid, signal.SIGTERM)

    def wait(self, deadline_s: float = STOP_DEADLINE_S) -> float:
        """Wait for its end, and return the seconds.

        Raises:
            subprocess.TimeoutExpired: it is still alive after the deadline.
        """
        began = time.monotonic()
        self.process.wait(deadline_s)
        return time.monotonic() - began

    def wait_until_gone(self, deadline_s: float) -> dict[int, str]:
        """Wait until no process of it is left, and return those that are after the deadline."""
        until = time.monotonic() + deadline_s
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(POLL_S)
        return left


def start(
    host: Host,
    command: list[str],
    env: Mapping[str, str],
    *,
    bundles: Path,
    venv: Path,
    log: Path,
    tool: Path,
    prepare: str = "",
    gate: str = "",
) -> Worker:
    """Start a worker on a host.

    Args:
        host: the host.
        command: the arguments of `airflow`.
        env: the environment of Airflow.
        bundles: the folder where the settings say that bundle files are.
        venv: the environment that Airflow is installed in.
        log: the file for its output.
        tool: the environment that dagfloe is installed in.
        prepare: shell commands that change the host.
        gate: a shell script that starts the worker, with dagfloe's command as `$0` and the worker as `$@`.
    """
    host.starts += 1
    mark = f"{host.name}-{host.starts}"
    own = {
        "HOME": str(host.home),
        "HOSTNAME": host.name,
        "USER": host.name,
        "LOGNAME": host.name,
        "TMPDIR": str(host.temporary),
        "AIRFLOW_HOME": str(host.home / "airflow"),
        "PATH": f"{AIRFLOW}/bin:/usr/bin:/bin",
        MARK: mark,
        "HOST_NAME": host.name,
        "HOST_FOLDER": str(host.folder),
        "HOST_VENV": str(venv.resolve()),
        "HOST_TOOL": str(tool.resolve()),
        "HOST_BUNDLES": str(bundles),
        "HOST_UID": str(host.uid),
    }
    script = SCRIPT.format(airflow=AIRFLOW, tool=TOOL, prepare=prepare)
    airflow = [f"{AIRFLOW}/bin/python", "-m", "airflow", *command]
    if gate:
        airflow = ["sh", "-c", gate, f"{TOOL}/bin/dagfloe", *airflow]
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["unshare", "--uts", "--mount", "sh", "-c", script, "sh", *airflow],
            env={**env, **own},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Worker(host, f"{MARK}={mark}", process)
