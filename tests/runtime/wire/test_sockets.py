"""The sockets to the supervisor, which the launcher has connected or this process connects."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import ExitStack

import pytest

from dagfloe.runtime.wire.addresses import Address
from dagfloe.runtime.wire.sockets import open_sockets

DEADLINE_S = 20.0


@pytest.mark.parametrize("has_launcher", [True, False])
def test_open_sockets(has_launcher: bool) -> None:
    """Both ways lead to sockets that work, on high numbers, and that programs of the task do not inherit."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        for server in servers:
            server.settimeout(DEADLINE_S)
        comm_address, logs_address = (Address(host="127.0.0.1", port=server.getsockname()[1]) for server in servers)
        environment = {"PATH": "/bin"}
        if has_launcher:
            connected = [socket.create_connection(server.getsockname(), DEADLINE_S).detach() for server in servers]
            for descriptor in connected:
                os.set_inheritable(descriptor, True)
            environment["_DAGFLOE_SOCKETS"] = ",".join(map(str, connected))
        comm, logs = open_sockets(comm_address, logs_address, environment)
        assert environment == {"PATH": "/bin"}
        for sock, server in zip((comm, logs), servers, strict=True):
            stack.callback(sock.close)
            peer = stack.enter_context(server.accept()[0])
            sock.sendall(b"hello")
            assert peer.recv(10) == b"hello"
            assert fcntl.fcntl(sock.fileno(), fcntl.F_GETFD) & fcntl.FD_CLOEXEC
            assert sock.fileno() >= 900
