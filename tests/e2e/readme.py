"""Types the README's way from `pip install` to a task's log, word for word, in a home of its own.

Nothing is added but settings in the environment: loopback addresses, ports that are free, no example Dags.
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
from e2e.settings import free_port
from e2e.shell import Shell
from support.blocks import Block, read_blocks
from support.page_runner import matches, read_console

if TYPE_CHECKING:
    from collections.abc import Iterator

README = ROOT / "README.md"
SECTION = "## From nothing to a task's log in Airflow"
AIRFLOW = ROOT / ".venvs" / "airflow-3.3.2" / "bin"
MARK = "DAGFLOE_README"
#: Where the page says that the log is, and what it says of it.
LOG = re.compile(r"<http://localhost:8080/dags/(\w+)/runs/(\w+)/tasks/(\w+)> has the log .*?\n`([^`]+)`", re.DOTALL)
PASSWORDS = re.compile(r"`\$AIRFLOW_HOME/(\S+passwords\S+)`")
#: For one command: `pip install` and the first build download and compile.
DEADLINE_S = 300
#: For Airflow's start with a new database, until its Dag processor has read the Dag file.
START_DEADLINE_S = 180
#: An idle triggerer takes 10 s.
END_DEADLINE_S = 60
POLL_S = 0.1
TAIL_CHARACTERS = 6000
#: How pip gets packages here is this host's matter.
TAKEN_ALONG = ("PIP_", "SSL_CERT_FILE", "SSL_CERT_DIR")
#: With it a server ends at once.
NO_PORT = "-1"


class Wrong(Exception):
    """Something is not as the page says."""


def main() -> int:
    """Type it all; the exit status."""
    interrupt_once("\nending ...")
    mark = (MARK, uuid.uuid4().hex)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="dagfloe-readme-") as folder:
            try:
                _type_all(Path(folder), dict([mark]))
                _look_for_left(Path(folder), "=".join(mark))
            finally:
                kill_marked("=".join(mark))
    except (Wrong, ApiError, DeadlineError, TimeoutError, EOFError) as error:
        _tell(f"FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        return 1
    _tell(f"{time.monotonic() - began:7.2f} s  in all")
    return 0


def path_blocks() -> Iterator[Block]:
    """The blocks that are typed."""
    lines = README.read_text("utf-8").splitlines()
    begin = lines.index(SECTION)
    end = next(number for number in range(begin + 1, len(lines)) if lines[number].startswith("## "))
    for block in read_blocks(README):
        if begin < block.line <= end:
            if block.language not in ("console", "ini"):
                raise Wrong(f"{block}: nobody can type a block of {block.language}")
            yield block


def _type_all(folder: Path, mark: dict[str, str]) -> None:
    home, airflow_home = folder / "home", folder / "home" / "airflow"
    for each in (home, folder / "tmp"):
        each.mkdir()
    port = free_port()
    passwords = airflow_home / _said(PASSWORDS)[0]
    api = Api(f"http://127.0.0.1:{port}", login=lambda: ("admin", json.loads(passwords.read_text())["admin"]))
    with Shell(ROOT, _environment(folder, port) | mark, folder / "typed.txt") as shell:
        for block in path_blocks():
            if block.language == "ini":
                _put(Path(block.name.replace("$AIRFLOW_HOME", str(airflow_home))), block)
                continue
            for command, expected in read_console(block.text):
                _type(shell, block, command, expected)
                if command.endswith("&"):
                    _wait_for_dag(api, home / "airflow.log")
                if " dags trigger " in command:
                    _look_at_log(api)


def _said(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """What the page says somewhere between its blocks."""
    found = pattern.search(README.read_text("utf-8"))
    if not found:
        raise Wrong(f"{README.name} does not say {pattern.pattern}")
    return found.groups()


def _environment(folder: Path, port: int) -> dict[str, str]:
    """The whole environment of the one who types: nothing of it is this user's but the way to packages."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(TAKEN_ALONG) or name.lower().endswith("_proxy")
    }
    ask = [sys.executable, "-m", "pip", "cache", "dir"]
    env["PIP_CACHE_DIR"] = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "pip" / "pip.conf"
    for file in (config, Path.home() / ".pip" / "pip.conf"):
        if file.is_file():
            env.setdefault("PIP_CONFIG_FILE", str(file))
    return env | {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([str(AIRFLOW), "/usr/local/bin", "/usr/bin", "/bin"]),
        "SPT_NOENV": "1",  # Airflow's process titles would overwrite the environment, where the mark is
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",  # a hundred Dags to parse that nobody looks at
        # The log servers would listen on every address, and the files are on this machine anyway.
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": NO_PORT,
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": NO_PORT,
    }


def _put(file: Path, block: Block) -> None:
    """Put settings where the page says: below the line of their section, which Airflow has made."""
    section, _, settings = block.text.partition("\n")
    text = file.read_text("utf-8")
    if text.count(f"\n{section}\n") != 1:
        raise Wrong(f"{block}: {file.name} has no line {section}, or more than one")
    file.write_text(text.replace(f"\n{section}\n", f"\n{section}\n{settings}"), "utf-8")
    _tell(f"           {section} in airflow.cfg")


def _type(shell: Shell, block: Block, command: str, expected: str) -> None:
    began = time.monotonic()
    status, output = shell.type(command, DEADLINE_S)
    if status:
        raise Wrong(f"{block}: {command!r} ended with status {status}:\n{output}")
    if expected and not matches(expected, output):
        raise Wrong(f"{block}: {command!r} printed\n{output}\nand the page says\n{expected}")
    _tell(f"{time.monotonic() - began:7.2f} s  {command}")


def _wait_for_dag(api: Api, output: Path) -> None:
    """Log in as the page says, and wait until the Dag is there."""
    began = time.monotonic()
    dag_id = _said(LOG)[0]

    def look() -> bool:
        try:
            return dag_id in api.dag_ids()
        except (OSError, ValueError):  # nobody listens yet, or there is no password, or half a file of them
            return False

    try:
        api.wait(f"Dag {dag_id} on the page", look, START_DEADLINE_S)
    except DeadlineError as error:
        raise Wrong(f"{error}; Airflow wrote last:\n{output.read_text(errors='replace')[-TAIL_CHARACTERS:]}") from None
    _tell(f"{time.monotonic() - began:7.2f} s  until the page has the Dag {dag_id}")


def _look_at_log(api: Api) -> None:
    """Wait for the run's end, and read the log as the web page does."""
    began = time.monotonic()
    dag_id, run_id, task_id, line = _said(LOG)
    state = api.wait_run(dag_id, run_id)
    log = api.log(dag_id, run_id, task_id)
    if state != "success" or [each.get("level") for each in log if each["event"] == line] != ["info"]:
        raise Wrong(f"{run_id} ended as {state}, and the log of {task_id} should have {line!r} once: {log}")
    _tell(f"{time.monotonic() - began:7.2f} s  until {run_id} is a success, and the log of {task_id} has: {line}")


def _look_for_left(folder: Path, mark: str) -> None:
    """Once Airflow was told to end, nothing of it stays."""
    began = time.monotonic()
    while left := marked(mark):
        if time.monotonic() > began + END_DEADLINE_S:
            raise Wrong(f"processes are left after {END_DEADLINE_S} s: {left}")
        time.sleep(POLL_S)
    if left_files := sorted((folder / "tmp").iterdir()):
        raise Wrong(f"files are left in the temporary folder: {left_files}")
    _tell(f"{time.monotonic() - began:7.2f} s  until no process is left, and nothing in the temporary folder")


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - it is what people read


if __name__ == "__main__":
    sys.exit(main())
