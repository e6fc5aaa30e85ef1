"""`make airflow` leaves no process, port or folder, however it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagfloe.runtime.metadata import platform_tag
from e2e.api import Api
from e2e.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

VERSION = os.environ.get("DAGFLOE_AIRFLOW_VERSION", "3.3.2")
DEADLINE_S = 120
POLL_S = 0.05


class Command:
    """Runs `python -m e2e` with its own temporary folder, which identifies its processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._output = folder / "output.txt"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "e2e", VERSION, f"dist/{platform_tag()}", ".cache/for-airflow"],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": "tests", "TMPDIR": str(self.temporary)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        """Return the output so far."""
        return self._output.read_text()

    def processes(self) -> dict[int, str]:
        """Return the other living processes with the folder in their environment."""
        processes = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != self.process.pid:
                try:
                    if os.fsencode(self.temporary) in (entry / "environ").read_bytes():
                        processes[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
                except OSError:
                    continue
        return processes

    def wait_for(self, description: str, condition: Callable[[], object]) -> None:
        """Wait until a condition is true, while the command runs."""
        until = time.monotonic() + DEADLINE_S
        while not condition():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < until, f"no {description} within {DEADLINE_S} s: {self.output()}"
            time.sleep(POLL_S)

    def wait_for_url(self) -> str:
        """Wait for the URL of the web page, and return it."""
        self.wait_for("address", lambda: "Ctrl-C" in self.output())
        match = re.search(r"http://127\.0\.0\.1:\d+", self.output())
        assert match, self.output()
        return match[0]

    def end(self) -> int:
        """Wait for the end, check that nothing is left, and return the exit status."""
        code = self.process.wait(DEADLINE_S)
        assert self.processes() == {}
        assert list(self.temporary.iterdir()) == []
        return code


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    if command.process.poll() is None:
        command.process.send_signal(signal.SIGTERM)
        command.process.wait(DEADLINE_S)


def test_it_serves_the_examples_until_ctrl_c(command: Command) -> None:
    url = command.wait_for_url()
    with urllib.request.urlopen(url, timeout=30) as page:  # noqa: S310 - http on loopback
        assert b"<html" in page.read()
    api = Api(url)
    assert api.import_errors() == {}
    run_id = api.trigger("weather")
    assert api.wait_run("weather", run_id) == "success"
    assert api.xcom("weather", run_id, "load")["rows"] == 48
    assert command.processes() != {}

    command.process.send_signal(signal.SIGINT)

    assert command.end() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=5)


@pytest.mark.parametrize(("count", "number"), [(1, signal.SIGINT), (4, signal.SIGHUP), (6, signal.SIGTERM)])
def test_it_ends_while_it_starts(command: Command, count: int, number: signal.Signals) -> None:
    command.wait_for(f"{count} processes", lambda: len(command.processes()) >= count)
    command.process.send_signal(number)
    command.wait_for(
        "answer to it", lambda: "Stopping Airflow" in command.output() or command.process.poll() is not None
    )
    command.process.send_signal(number)  # a second signal does not interrupt the orderly end
    assert command.end() == 0


def test_a_component_that_dies_is_reported(command: Command) -> None:
    command.wait_for_url()
    [scheduler] = [pid for pid, line in command.processes().items() if "airflow scheduler" in line]
    os.kill(scheduler, signal.SIGKILL)
    assert command.end() == 1
    assert f"airflow scheduler {VERSION} ended with -9; its last output:" in command.output()
    assert "Starting the scheduler" in command.output()
