"""Runs one function in plain Python and as a task, and compares the lines that arrive.

A program in plain Python writes to two pipes. A task also has the logs socket, so a line of a task may arrive as a
record or on a pipe. Every line that plain Python delivers must be among the task's lines.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from support.peer import Peer, write_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Answer = Callable[[dict[str, Any]], object]

DEADLINE_S = 120.0
PLAIN = """
import logging, os, sys, threading, time
log = logging.getLogger("tasks")
{code}
if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    t()
"""


@dataclass
class Output:
    """What a run delivered, and how it ended.

    Attributes:
        status: the exit status, negative for a signal.
        stdout: the bytes of the pipe.
        stderr: the bytes of the pipe.
        logs: the bytes of the logs socket.
        terminal: the terminal message.
    """

    status: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    logs: bytes = b""
    terminal: dict[str, Any] | None = None
    _records: list[dict[str, Any]] = field(default_factory=list)

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records of the logs socket. A line that is not a record is an error."""
        if not self._records:
            self._records = [json.loads(line) for line in self.logs.split(b"\n") if line]
            assert all(record["level"] for record in self._records)
        return self._records

    @property
    def events(self) -> list[str]:
        """The events of the records."""
        return [record["event"] for record in self.records]

    def lines(self) -> Counter[str]:
        """All lines, from the pipes and from the records. Empty lines are left out."""
        texts = [data.decode("utf-8", "backslashreplace") for data in (self.stdout, self.stderr)] + self.events
        return Counter(line for text in texts for line in text.split("\n") if line)


def missing_lines(folder: Path, code: str) -> Counter[str]:
    """The lines that the function `t` of some code delivers in plain Python, and not as a task.

    Args:
        folder: an empty folder for the programs.
        code: the code that defines `t`. It can use `log`, a logger, and some modules of the standard library.
    """
    plain = run_plain(folder, code)
    return plain.lines() - run_task(folder, code).lines()


def run_plain(folder: Path, code: str, env: Mapping[str, str] | None = None) -> Output:
    """Run the function `t` of some code as a script, with `logging.basicConfig` at level INFO.

    Args:
        folder: where the script is written.
        code: the code that defines `t`.
        env: the whole environment; by default that of this process.
    """
    script = folder / "plain.py"
    script.write_text(PLAIN.format(code=code))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, timeout=DEADLINE_S, check=False, env=env)
    return Output(done.returncode, done.stdout, done.stderr)


def run_task(folder: Path, code: str, answer: Answer | None = None, env: Mapping[str, str] | None = None) -> Output:
    """Run the function `t` of some code as a task, unfrozen.

    Args:
        folder: where the project is written.
        code: the code that defines `t`.
        answer: as for `run_command`.
        env: as for `run_command`.
    """
    return run_command(write_project(folder, f"{code}\ndag.task(t)\n"), answer, env)


def run_command(
    command: list[str], answer: Answer | None = None, env: Mapping[str, str] | None = None, **startup: Any
) -> Output:
    """Run a task of a bundle, and read all its output while it runs.

    Args:
        command: the command that starts the bundle.
        answer: takes a request's body, and returns the body of its reply. By default, every reply is empty.
        env: variables to add to the environment.
        startup: the arguments of `Peer.start`.
    """
    output = Output()
    with Peer(command, env) as peer, reading(peer, output):
        peer.start(**startup)
        with suppress(EOFError):  # the bundle ended without a terminal message
            while output.terminal is None:
                frame_id, body = peer.receive()
                peer.send(frame_id, None if answer is None or frame_id == 0 else answer(body))
                output.terminal = body if frame_id == 0 else None
        output.status = peer.process.wait(DEADLINE_S)
    return output


@contextmanager
def reading(peer: Peer, output: Output) -> Iterator[None]:
    """Read the logs socket and both pipes of a bundle while a `with` block runs, and then up to their ends."""
    peer.logs.settimeout(DEADLINE_S)
    peer.comm.settimeout(DEADLINE_S)

    def read(name: str, file: IO[bytes] | None) -> None:
        assert file is not None
        setattr(output, name, file.read())

    files = {"stdout": peer.process.stdout, "stderr": peer.process.stderr, "logs": peer.logs.makefile("rb")}
    threads = [threading.Thread(target=read, args=item, daemon=True) for item in files.items()]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(DEADLINE_S)
        assert not thread.is_alive(), "a process still holds the logs socket or a pipe open"
