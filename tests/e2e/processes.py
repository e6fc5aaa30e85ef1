"""Processes that carry a mark in their environment: whoever started them, and wherever they went since."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

#: What asks a program on a terminal to end.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_S = 0.05


def marked(mark: str) -> dict[int, str]:
    """The living processes whose environment has an entry, with their command lines; never this one."""
    entry = b"\0" + mark.encode() + b"\0"
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or folder.name == str(os.getpid()):
            continue
        try:
            if entry in b"\0" + (folder / "environ").read_bytes() + b"\0":
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                found[int(folder.name)] = command
        except OSError:  # it has ended, or is another user's
            continue
    return found


def kill_marked(mark: str, deadline_s: float = 20) -> dict[int, str]:
    """Kill the marked processes until there is none.

    Returns:
        those that were there.

    Raises:
        TimeoutError: some do not go, which the kernel does to a process that waits for a broken disk.
    """
    killed: dict[int, str] = {}
    until = time.monotonic() + deadline_s
    while left := marked(mark):
        if time.monotonic() > until:
            raise TimeoutError(f"these processes survive SIGKILL for {deadline_s:g} s: {left}")
        killed |= left
        for pid in left:
            signal_process(pid, signal.SIGKILL)
        time.sleep(POLL_S)
    return killed


def signal_process(pid: int, number: int, *, group: bool = False) -> None:
    """Send a signal to a process, or to its group, that may have ended."""
    with suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(pid, number)


def interrupt_once(told: str) -> None:
    """Let the first of Ctrl-C, SIGTERM and SIGHUP say something and raise KeyboardInterrupt.

    Later ones do nothing: an end that has begun is not left half done.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        print(told, flush=True)  # noqa: T201 - it is what people read
        raise KeyboardInterrupt

    for number in STOPS:
        signal.signal(number, interrupt)
