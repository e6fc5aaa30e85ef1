"""Finds and ends processes by a mark in their environment, which their descendants inherit."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

#: The signals that ask a program on a terminal to end.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_S = 0.05


def marked(mark: str) -> dict[int, str]:
    """Return the pids and command lines of other living processes with this entry in their environment."""
    entry = b"\0" + mark.encode() + b"\0"
    processes = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or folder.name == str(os.getpid()):
            continue
        try:
            if entry in b"\0" + (folder / "environ").read_bytes() + b"\0":
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                processes[int(folder.name)] = command
        except OSError:  # the process has ended, or belongs to another user
            continue
    return processes


def kill_marked(mark: str, deadline_s: float = 20) -> dict[int, str]:
    """Kill the marked processes until none is alive.

    Returns:
        the killed processes.

    Raises:
        TimeoutError: some survive, for example because the kernel waits for a broken disk.
    """
    killed: dict[int, str] = {}
    until = time.monotonic() + deadline_s
    while living := marked(mark):
        if time.monotonic() > until:
            raise TimeoutError(f"these processes survive SIGKILL for {deadline_s:g} s: {living}")
        killed |= living
        for pid in living:
            signal_process(pid, signal.SIGKILL)
        time.sleep(POLL_S)
    return killed


def signal_process(pid: int, number: int, *, group: bool = False) -> None:
    """Send a signal to a process or to its group, if it has not ended."""
    with suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(pid, number)


def interrupt_once(message: str) -> None:
    """Print a message and raise KeyboardInterrupt at the first Ctrl-C, SIGTERM or SIGHUP.

    Later signals have no effect, because they would interrupt the end.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        print(message, flush=True)  # noqa: T201 - people read it
        raise KeyboardInterrupt

    for number in STOPS:
        signal.signal(number, interrupt)
