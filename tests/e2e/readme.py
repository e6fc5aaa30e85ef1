"""Types the README's commands, from `pip install` to a task's log, in a new home folder.

Only settings in the environment are added: loopback addresses, free ports, and no example Dags.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.api import Api, ApiError, DeadlineError
from e2e.places import ROOT
from e2e.processes import interrupt_once, kill_marked, marked
from e2e.settings import free_port, newer
from e2e.shell import Shell
from support.blocks import Block, read_blocks
from support.page_runner import matches, read_console

if TYPE_CHECKING:
    from collections.abc import Iterator

README = ROOT / "README.md"
SECTION = "## From nothing to a task's log in Airflow"
MARK = "DAGFLOE_README"
#: What the page says about the commands for Airflow 3.3, and the excuse of its blocks that are for 3.3 alone.
LEFT_OUT = re.compile(r"With Airflow 3\.3, leave out `([^`]+)`")
FOR_OLDER = "it is for Airflow 3.3, and `make airflow-readme` runs it"
#: The URL of the log on the page, and the line that the log must contain.
LOG = re.compile(r"<http://localhost:8080/dags/(\w+)/runs/(\w+)/tasks/(\w+)> has the log .*?\n`([^`]+)`", re.DOTALL)
PASSWORDS = re.compile(r"`\$AIRFLOW_HOME/(\S+passwords\S+)`")
#: For one command: `pip install` and the first build download and compile.
DEADLINE_S = 300
#: For Airflow's start with a new database, until its Dag processor has read the Dag file.
START_DEADLINE_S = 180
#: An idle triggerer needs 10 s.
END_DEADLINE_S = 60
POLL_S = 0.1
TAIL_CHARACTERS = 6000
#: Environment variables that pip needs to download packages on this host.
PIP_VARIABLES = ("PIP_", "SSL_CERT_FILE", "SSL_CERT_DIR")
#: A server with this port ends at once.
NO_PORT = "-1"


class ReadmeError(Exception):
    """Something differs from the page."""


def main(version: str) -> int:
    """Type all commands with a version of Airflow, and return the exit status."""
    interrupt_once("\nStopping ...")
    mark = (MARK, uuid.uuid4().hex)
    start = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="dagfloe-readme-") as folder:
            try:
                _type_all(Path(folder), version, dict([mark]))
                _check_leftovers(Path(folder), "=".join(mark))
            finally:
                kill_marked("=".join(mark))
    except (ReadmeError, ApiError, DeadlineError, TimeoutError, EOFError) as error:
        _print(f"FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        return 1
    _print(f"{time.monotonic() - start:7.2f} s  total")
    return 0


def path_blocks() -> Iterator[Block]:
    """Yield the blocks of the section."""
    lines = README.read_text("utf-8").splitlines()
    begin = lines.index(SECTION)
    end = next(number for number in range(begin + 1, len(lines)) if lines[number].startswith("## "))
    for block in read_blocks(README):
        if begin < block.line <= end:
            if block.language not in ("console", "ini"):
                raise ReadmeError(f"{block}: a block of {block.language} cannot be typed")
            yield block


def is_for_newer(settings: str) -> bool:
    """Whether settings of the pages are for Airflow 3.4 and not for 3.3."""
    return "executables_root" not in settings


def _type_all(folder: Path, version: str, mark: dict[str, str]) -> None:
    home, airflow_home = folder / "home", folder / "home" / "airflow"
    for path in (home, folder / "tmp"):
        path.mkdir()
    port = free_port()
    passwords = airflow_home / _search(PASSWORDS)[0]
    left_out = _search(LEFT_OUT)[0]
    api = Api(f"http://127.0.0.1:{port}", login=lambda: ("admin", json.loads(passwords.read_text())["admin"]))
    with Shell(ROOT, _environment(folder, version, port) | mark, folder / "typed.txt") as shell:
        for block in path_blocks():
            if block.language == "ini":
                if is_for_newer(block.content) == newer(version):
                    _put(airflow_home / "airflow.cfg", block)
                continue
            if block.excuse == FOR_OLDER and newer(version):
                continue
            for command, expected in read_console(block.content):
                _type(shell, block, command if newer(version) else command.replace(f" {left_out}", ""), expected)
                if command.endswith("&"):
                    _wait_for_dag(api, home / "airflow.log")
                if " dags trigger " in command:
                    _check_log(api)


def _search(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Find a pattern in the page, and return its groups."""
    match = pattern.search(README.read_text("utf-8"))
    if not match:
        raise ReadmeError(f"{README.name} does not contain {pattern.pattern}")
    return match.groups()


def _environment(folder: Path, version: str, port: int) -> dict[str, str]:
    """Return the environment of the shell: of this user's variables it has only those that pip needs."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(PIP_VARIABLES) or name.lower().endswith("_proxy")
    }
    ask = [sys.executable, "-m", "pip", "cache", "dir"]
    caches = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    env["UV_CACHE_DIR"] = os.environ.get("UV_CACHE_DIR") or f"{caches}/uv"
    env["PIP_CACHE_DIR"] = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "pip" / "pip.conf"
    for file in (config, Path.home() / ".pip" / "pip.conf"):
        if file.is_file():
            env.setdefault("PIP_CONFIG_FILE", str(file))
    return env | {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([f"{ROOT}/.venvs/airflow-{version}/bin", "/usr/local/bin", "/usr/bin", "/bin"]),
        "SPT_NOENV": "1",  # Airflow's process titles would overwrite the environment, where the mark is
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",  # a hundred Dags that nobody needs
        # The log servers would listen on every address.
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": NO_PORT,
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": NO_PORT,
    }


def _put(file: Path, block: Block) -> None:
    """Add settings to airflow.cfg, below the line of their section, as the page says."""
    section, _, settings = block.content.partition("\n")
    content = file.read_text("utf-8")
    if content.count(f"\n{section}\n") != 1:
        raise ReadmeError(f"{block}: {file.name} must have exactly one line {section}")
    file.write_text(content.replace(f"\n{section}\n", f"\n{section}\n{settings}"), "utf-8")
    _print(f"           {section} in airflow.cfg")


def _type(shell: Shell, block: Block, command: str, expected: str) -> None:
    start = time.monotonic()
    status, output = shell.type(command, DEADLINE_S)
    if status:
        raise ReadmeError(f"{block}: {command!r} ended with status {status}:\n{output}")
    if expected and not matches(expected, output):
        raise ReadmeError(f"{block}: {command!r} printed\n{output}\nbut the page shows\n{expected}")
    _print(f"{time.monotonic() - start:7.2f} s  {command}")


def _wait_for_dag(api: Api, output: Path) -> None:
    """Log in like the page, and wait until Airflow has the Dag."""
    start = time.monotonic()
    dag_id = _search(LOG)[0]

    def is_listed() -> bool:
        try:
            return dag_id in api.dag_ids()
        except (OSError, ValueError):  # no server listens yet, or the file of passwords is not complete
            return False

    try:
        api.wait(f"Dag {dag_id} on the page", is_listed, START_DEADLINE_S)
    except DeadlineError as error:
        raise ReadmeError(
            f"{error}; the last output of Airflow:\n{output.read_text(errors='replace')[-TAIL_CHARACTERS:]}"
        ) from None
    _print(f"{time.monotonic() - start:7.2f} s  until the page has the Dag {dag_id}")


def _check_log(api: Api) -> None:
    """Wait until the run has ended, and check the log, as the web page gets it."""
    start = time.monotonic()
    dag_id, run_id, task_id, line = _search(LOG)
    state = api.wait_run(dag_id, run_id)
    log = api.log(dag_id, run_id, task_id)
    if state != "success" or [record.get("level") for record in log if record["event"] == line] != ["info"]:
        raise ReadmeError(f"{run_id} ended as {state}; the log of {task_id} must contain {line!r} once: {log}")
    _print(f"{time.monotonic() - start:7.2f} s  until {run_id} is a success, and the log of {task_id} has: {line}")


def _check_leftovers(folder: Path, mark: str) -> None:
    """Check that no process and no temporary file is left after the end of Airflow."""
    start = time.monotonic()
    while processes := marked(mark):
        if time.monotonic() > start + END_DEADLINE_S:
            raise ReadmeError(f"processes are left after {END_DEADLINE_S} s: {processes}")
        time.sleep(POLL_S)
    if files := sorted((folder / "tmp").iterdir()):
        raise ReadmeError(f"files are left in the temporary folder: {files}")
    _print(f"{time.monotonic() - start:7.2f} s  until no process is left, and nothing in the temporary folder")


def _print(message: str) -> None:
    print(message, flush=True)  # noqa: T201 - people read it


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
