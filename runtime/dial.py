"""Dials the supervisor's two sockets at once."""

from __future__ import annotations

import os
import socket
import threading

from dagfloe.errors import ConnectionLostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.runtime.addresses import Address

#: For each socket. The supervisor itself gives up after 10 s, unless it is configured otherwise.
DIAL_TIMEOUT_S = 30.0


def dial_both(comm: Address, logs: Address, timeout_s: float = DIAL_TIMEOUT_S) -> tuple[socket.socket, socket.socket]:
    """Connect to both addresses concurrently.

    Args:
        comm: where the supervisor expects frames.
        logs: where it expects log lines.
        timeout_s: limit for each.

    Returns:
        The comm and the logs socket.

    Raises:
        ConnectionLostError: when one of them does not come about; the other one is closed.
    """
    outcome: list[socket.socket | OSError] = []
    thread = threading.Thread(target=lambda: outcome.append(_dial(logs, timeout_s)), name="dagfloe-dial", daemon=True)
    thread.start()
    comm_outcome = _dial(comm, timeout_s)
    thread.join()
    outcomes = (("comm", comm, comm_outcome), ("logs", logs, outcome[0]))
    failures = [
        f"--{name} {address.host}:{address.port}: {result.strerror or result}"
        for name, address, result in outcomes
        if isinstance(result, OSError)
    ]
    if failures:
        for _, _, result in outcomes:
            if isinstance(result, socket.socket):
                result.close()
        raise ConnectionLostError(
            f"cannot connect to the supervisor ({'; '.join(failures)}): "
            "a bundle is started by Airflow's ExecutableCoordinator, which listens at both addresses"
        )
    return comm_outcome, outcome[0]  # type: ignore[return-value]


def _dial(address: Address, timeout_s: float) -> socket.socket | OSError:
    try:
        # As bytes, because text would load the idna codec, which costs 5 ms.
        sock = socket.create_connection((os.fsencode(address.host), address.port), timeout_s)  # type: ignore[arg-type]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        return error
    return sock
