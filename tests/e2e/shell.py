"""A shell that runs commands one after the other, like one terminal."""

from __future__ import annotations

import os
import select
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The shell reads commands from one file descriptor and writes statuses to another. The commands get neither. Job
#: control is on, as in a terminal: a background command is a process group, and `kill %1` reaches the whole group.
LOOP = """
set -m
while IFS= read -r -d '' -u {commands} line; do
    eval "$line" {commands}<&- {statuses}>&-
    echo $? >&{statuses}
done
"""


class Shell:
    """A bash. A `with` block ends it, but not its background commands.

    Args:
        cwd: its first working directory.
        env: its complete environment.
        output: the file for its output.
    """

    def __init__(self, cwd: Path, env: Mapping[str, str], output: Path) -> None:
        self._output = output
        commands, self._commands = os.pipe()
        self._statuses, statuses = os.pipe()
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-c", LOOP.format(commands=commands, statuses=statuses)],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                pass_fds=(commands, statuses),
                start_new_session=True,
            )
        os.close(commands)
        os.close(statuses)

    def __enter__(self) -> Shell:  # noqa: PYI034 - Self is not in Python 3.10
        return self

    def __exit__(self, *exc_info: object) -> None:
        os.close(self._commands)
        os.close(self._statuses)
        self._process.kill()
        self._process.wait()

    def type(self, command: str, deadline_s: float) -> tuple[int, str]:
        """Run a command line.

        Returns:
            its exit status and its output.

        Raises:
            TimeoutError: it did not end within the deadline.
            EOFError: it ended the shell.
        """
        before = self._output.stat().st_size
        os.write(self._commands, command.encode() + b"\0")
        if not select.select([self._statuses], [], [], deadline_s)[0]:
            raise TimeoutError(f"{command!r} did not end within {deadline_s:g} s; its output:\n{self._read(before)}")
        status = os.read(self._statuses, 16)
        if not status:
            raise EOFError(f"{command!r} ended the shell; its output:\n{self._read(before)}")
        return int(status), self._read(before)

    def _read(self, since: int) -> str:
        with self._output.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")
