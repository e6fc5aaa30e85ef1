"""A task's processes: the one that was started, and all its descendants.

Knows nothing of frames and of what goes through sockets.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Endpoint = tuple[str, int]

#: In the environment of the started process. It marks descendants that left the session and lost their parents.
MARK_VARIABLE = "DAGFLOE_LOCAL_RUN"
_CONNECTIONS = Path("/proc/net/tcp")
_POLL_S = 0.02
#: How long a connection may look like a stranger's, and the time between two looks.
_VERIFY_S, _VERIFY_PAUSE_S = 1.0, 0.05


@dataclass(frozen=True, slots=True)
class KilledProcess:
    """A process that outlived its task."""

    pid: int
    name: str


class ProcessTree:
    """The processes of one task.

    Args:
        pid: the started process, a session leader. Do not reap it while you use this, so that no other process gets
            its pid.
        mark: the value of `MARK_VARIABLE` in its environment.
    """

    def __init__(self, pid: int, mark: str) -> None:
        self._pid = pid
        self._mark = mark

    def owns_connection(self, peer: Endpoint, local: Endpoint) -> bool:
        """Return whether the process or a descendant holds the other end of a loopback connection.

        A process whose parents are gone counts as a stranger, as for the real supervisor. Where the system does not
        list its connections, the answer is True.

        The system may not list a connection that is new, or whose descriptor gets another number. So a stranger is
        refused only after a second, as by the real supervisor.

        Args:
            peer: the other end's address.
            local: this end's address.
        """
        if not _CONNECTIONS.exists():
            return True
        deadline = time.monotonic() + _VERIFY_S
        while not any(_holds_connection(process, peer, local) for process in self._family()):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_VERIFY_PAUSE_S)
        return True

    def end_leftovers(self, grace_s: float, timeout_s: float) -> list[KilledProcess]:
        """Kill the processes that still live.

        Args:
            grace_s: how long they may take to end by themselves first, in seconds.
            timeout_s: how long to go on killing, in seconds.

        Returns:
            The processes that had to be killed.
        """
        _wait(self._members(), grace_s)
        killed: dict[int, KilledProcess] = {}
        deadline = time.monotonic() + timeout_s
        while (members := self._members()) and time.monotonic() < deadline:
            for process in members:
                with suppress(psutil.Error):
                    killed[process.pid] = KilledProcess(process.pid, process.name())
                    process.kill()
            _wait(members, deadline - time.monotonic())
        return list(killed.values())

    def _family(self) -> Iterator[psutil.Process]:
        """Yield the started process and its descendants, as far as their parents still exist."""
        root = psutil.Process(self._pid)
        yield root
        yield from root.children(recursive=True)

    def _members(self) -> list[psutil.Process]:
        """Return the living processes of the task, the started one included."""
        family = {process.pid for process in self._family()}
        # Fresh for every call: the system computes start times from the wall clock, which can jump.
        start_time = psutil.Process(self._pid).create_time()
        members = []
        for pid in psutil.pids():
            with suppress(psutil.Error, OSError):
                process = psutil.Process(pid)
                if process.create_time() < start_time or not _is_living(process):
                    continue
                if pid in family or os.getsid(pid) == self._pid or self._has_mark(process):
                    members.append(process)
        return members

    def _has_mark(self, process: psutil.Process) -> bool:
        return process.environ().get(MARK_VARIABLE) == self._mark


def open_process(pid: int) -> int | None:
    """Return a descriptor that becomes readable when a process ends; None where the system has no pidfd."""
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            return os.pidfd_open(pid)
    return None


def _wait(processes: Iterable[psutil.Process], timeout_s: float) -> None:
    """Wait until processes have ended. `psutil.wait_procs` would reap the started process, and count zombies."""
    deadline = time.monotonic() + timeout_s
    with ExitStack() as stack:
        for process in processes:
            poller = select.poll()
            descriptor = open_process(process.pid)
            if descriptor is not None:
                stack.callback(os.close, descriptor)
                poller.register(descriptor, select.POLLIN)
            while (remaining_s := deadline - time.monotonic()) > 0 and _is_living(process):
                if poller.poll(1000 * (remaining_s if descriptor is not None else min(remaining_s, _POLL_S))):
                    break


def _is_living(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    return False


def _holds_connection(process: psutil.Process, local: Endpoint, remote: Endpoint) -> bool:
    with suppress(psutil.Error, FileNotFoundError):  # the latter from a process that ends at this time
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                continue
            if (_to_ipv4(connection.laddr), _to_ipv4(connection.raddr)) == (local, remote):
                return True
    return False


def _to_ipv4(endpoint: Endpoint) -> Endpoint:
    """Return an address with an IPv4 host if it is one, mapped into IPv6 or compatible as some runtimes write it."""
    host = ip_address(endpoint[0])
    if isinstance(host, IPv6Address) and int(host) >> 32 in (0, 0xFFFF):
        host = IPv4Address(int(host) & 0xFFFFFFFF)
    return str(host), endpoint[1]
