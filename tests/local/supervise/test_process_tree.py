"""The processes of a task, without a supervisor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dagfloe.local.supervise.process_tree import MARK_VARIABLE, ProcessTree

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Connects to a port, prints its pid, and waits.
CONNECT = """
import os, socket, sys, time
sock = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
sock.connect((sys.argv[1], int(sys.argv[2])))
print(os.getpid(), flush=True)
time.sleep(60)
"""
#: The same, but its socket gets another number again and again.
MOVE = CONNECT.replace(
    "time.sleep(60)",
    """
number, end = sock.fileno(), time.monotonic() + 60
while time.monotonic() < end:
    os.dup2(number, number + 1 if number % 2 else number - 1)
    os.close(number)
    number = number + 1 if number % 2 else number - 1
""",
)
#: Leaves its session and its parent, then does the same. The first process stays, and says when the parent is gone.
DETACH = f"""
import os, time
receiver, sender = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.read(receiver, 1)
        exec({CONNECT!r})
    os._exit(0)
os.wait()
os.write(sender, b"x")
time.sleep(60)
"""


@contextmanager
def connected(code: str, host: str = "127.0.0.1") -> Iterator[tuple[ProcessTree, socket.socket, int]]:
    """Run code that connects. Yield its process tree, our end of the connection and the pid of the other end."""
    mark = uuid.uuid4().hex
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", code, host, str(server.getsockname()[1])],
            env={**os.environ, MARK_VARIABLE: mark},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        tree = ProcessTree(process.pid, mark)
        assert process.stdout is not None
        try:
            with server.accept()[0] as sock, process.stdout:
                yield tree, sock, int(process.stdout.readline())
        finally:
            tree.end_leftovers(0, 10)
            process.wait(10)


@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_own_connection(host: str) -> None:
    """A process owns its own connection, also from an IPv6 socket, but not another one."""
    with connected(CONNECT, host) as (tree, sock, _), socket.socket() as other:
        ours, port = sock.getsockname(), sock.getpeername()[1]
        assert tree.owns_connection(("127.0.0.1", port), ours)
        other.bind(("127.0.0.1", 0))
        assert not tree.owns_connection(other.getsockname(), ours)


def test_connection_whose_number_changes() -> None:
    """A process owns its connection, although the system does not list it while its number changes."""
    with connected(MOVE) as (tree, sock, _):
        assert all(tree.owns_connection(sock.getpeername(), sock.getsockname()) for _ in range(30))


def test_detached_process() -> None:
    """A process without session and parents is a stranger for connections, but is killed with the task."""
    with connected(DETACH) as (tree, sock, pid):
        assert not tree.owns_connection(sock.getpeername(), sock.getsockname())
        killed = tree.end_leftovers(0, 10)
        assert pid in {process.pid for process in killed}
        assert sock.recv(1) == b""
        assert tree.end_leftovers(0, 10) == []


def test_other_tasks_live() -> None:
    """Ending the processes of one task leaves those of another one alone."""
    with connected(CONNECT) as (tree, _, pid), connected(DETACH) as (_, other_sock, _):
        assert [process.pid for process in tree.end_leftovers(0, 10)] == [pid]
        other_sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            other_sock.recv(1)
