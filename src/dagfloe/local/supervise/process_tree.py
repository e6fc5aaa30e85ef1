"""A task's processes: the one that was started and everything that came from it, as far as `/proc` tells.

Knows nothing of frames and sockets' contents.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Endpoint = tuple[str, int]

#: In the environment of the started process, so that those who left its session are still known.
MARK_VARIABLE = "DAGFLOE_LOCAL_RUN"
_PROC = Path("/proc")
_POLL_S = 0.02
#: How an IPv4 address looks at the end of an IPv6 one: mapped, and compatible as some runtimes write it.
_IPV4_PREFIXES = ("0000000000000000FFFF0000", "0" * 24)


@dataclass(frozen=True, slots=True)
class Process:
    """A living process."""

    pid: int
    name: str
    parent: int
    session: int
    started: int


class ProcessTree:
    """The processes of one task.

    Args:
        pid: the started process, a session leader. It must stay unreaped while this is used, so that its number is
            not given away.
        mark: the value of `MARK_VARIABLE` in its environment.
    """

    def __init__(self, pid: int, mark: str) -> None:
        self._pid = pid
        self._mark = f"{MARK_VARIABLE}={mark}".encode()
        root = _read(pid)
        self._started = root.started if root else 0

    def members(self) -> list[Process]:
        """The living ones, the started process included."""
        everyone = {process.pid: process for process in _processes() if process.started >= self._started}
        return [process for process in everyone.values() if self._is_member(process, everyone)]

    def owns_connection(self, peer: Endpoint, ours: Endpoint) -> bool:
        """Whether the process or a descendant holds the other end of a loopback connection.

        One whose parents are gone is a stranger here, as it is to the real supervisor. True where `/proc` cannot tell.

        Args:
            peer: the other end's address.
            ours: this end's address.
        """
        if not (_PROC / "net/tcp").exists():
            return True
        inode = _socket_inode(peer, ours)
        everyone = {process.pid: process for process in _processes() if process.started >= self._started}
        family = [
            each.pid for each in everyone.values() if each.pid == self._pid or self._pid in _ancestors(each, everyone)
        ]
        return inode is not None and any(f"socket:[{inode}]" in _descriptors(pid) for pid in family)

    def end_leftovers(self, grace_s: float, timeout_s: float) -> list[Process]:
        """Kill whoever still lives.

        Args:
            grace_s: how long they may take to end by themselves first.
            timeout_s: how long to go on killing.

        Returns:
            Those that had to be killed.
        """
        wait_for_end([process.pid for process in self.members()], grace_s)
        killed: dict[int, Process] = {}
        deadline = time.monotonic() + timeout_s
        while (left := self.members()) and time.monotonic() < deadline:
            for process in left:
                killed[process.pid] = process
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process.pid, signal.SIGKILL)
            wait_for_end([process.pid for process in left], deadline - time.monotonic())
        return list(killed.values())

    def _is_member(self, process: Process, everyone: dict[int, Process]) -> bool:
        return (
            self._pid in (process.pid, process.session)
            or self._pid in _ancestors(process, everyone)
            or self._mark in _environment(process.pid)
        )


def wait_for_end(pids: list[int], timeout_s: float) -> None:
    """Wait until processes have ended, or a number of seconds has passed."""
    deadline = time.monotonic() + timeout_s
    with ExitStack() as stack:
        for pid in pids:
            poller = select.poll()
            descriptor = open_process(pid)
            if descriptor is not None:
                stack.callback(os.close, descriptor)
                poller.register(descriptor, select.POLLIN)
            while (remaining_s := deadline - time.monotonic()) > 0 and _read(pid):
                if poller.poll(1000 * (remaining_s if descriptor is not None else min(remaining_s, _POLL_S))):
                    break


def open_process(pid: int) -> int | None:
    """A descriptor that becomes readable when a process ends; None where there is no such thing."""
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            return os.pidfd_open(pid)
    return None


def _processes() -> Iterator[Process]:
    with suppress(OSError):
        for name in os.listdir(_PROC):  # noqa: PTH208 - thousands of names
            if name.isdigit() and (process := _read(int(name))):
                yield process


def _read(pid: int) -> Process | None:
    """A process, unless it is gone or only waits to be reaped."""
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    before, _, after = text.rpartition(")")
    fields = after.split()
    if fields[0] in "ZXx":
        return None
    return Process(pid, before.partition("(")[2], int(fields[1]), int(fields[3]), int(fields[19]))


def _ancestors(process: Process, everyone: dict[int, Process]) -> set[int]:
    found: set[int] = set()
    parent = process.parent
    while parent not in found:
        found.add(parent)
        parent = everyone[parent].parent if parent in everyone else parent
    return found


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or gone
        return []


def _descriptors(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for name in os.listdir(_PROC / str(pid) / "fd"):  # noqa: PTH208 - as above
            with suppress(OSError):
                found.add(os.readlink(_PROC / str(pid) / "fd" / name))  # noqa: PTH115 - as above
    return found


def _socket_inode(local: Endpoint, remote: Endpoint) -> str | None:
    """The inode of the socket with these two addresses."""
    wanted = [_hex(local), _hex(remote)]
    for table in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            for line in (_PROC / table).read_text().splitlines()[1:]:
                fields = line.split()
                if [_without_prefix(field) for field in fields[1:3]] == wanted:
                    return fields[9]
    return None


def _hex(endpoint: Endpoint) -> str:
    """An address as `/proc/net/tcp` writes it: the host's four bytes as a number in the machine's byte order."""
    host, port = endpoint
    packed = bytes(map(int, host.split(".")))
    return f"{int.from_bytes(packed, sys.byteorder):08X}:{port:04X}"


def _without_prefix(field: str) -> str:
    for prefix in _IPV4_PREFIXES:
        if len(field) > len(prefix) and field.startswith(prefix):
            return field[len(prefix) :]
    return field
