"""Connects to the supervisor's two sockets at the same time.

Uses `_socket` directly: the module `socket` makes enums of its constants, which takes 2 ms in every task.
"""

from __future__ import annotations

import os
import threading
from _socket import IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY, getaddrinfo, socket

from dagfloe.errors import ConnectionLostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.runtime.wire.addresses import Address

#: The time limit for a connection. By default, the supervisor itself gives up after 10 s.
DIAL_TIMEOUT_S = 30.0


def dial_both(comm: Address, logs: Address, timeout_s: float = DIAL_TIMEOUT_S) -> tuple[socket, socket]:
    """Connect to both addresses concurrently.

    Args:
        comm: the address where the supervisor expects frames.
        logs: the address where the supervisor expects log lines.
        timeout_s: the time limit for a connection, in seconds.

    Returns:
        The comm and the logs socket.

    Raises:
        ConnectionLostError: when a connection fails; the other one is closed.
    """
    outcome: list[socket | OSError] = []
    # Without TCP_NODELAY, the kernel collects log lines while others are on their way, and delivers them even if this
    # process is killed. The supervisor wakes up once for several lines, and a line takes a third less time.
    thread = threading.Thread(
        target=lambda: outcome.append(_dial(logs, timeout_s, no_delay=False)), name="dagfloe-dial", daemon=True
    )
    thread.start()
    comm_outcome = _dial(comm, timeout_s, no_delay=True)
    thread.join()
    outcomes = (("comm", comm, comm_outcome), ("logs", logs, outcome[0]))
    failures = [
        f"--{name} {address.host}:{address.port}: {result.strerror or result}"
        for name, address, result in outcomes
        if isinstance(result, OSError)
    ]
    if failures:
        for _, _, result in outcomes:
            if isinstance(result, socket):
                result.close()
        raise ConnectionLostError(
            f"cannot connect to the supervisor ({'; '.join(failures)}): "
            "a bundle is started by Airflow's ExecutableCoordinator, which listens at both addresses"
        )
    return comm_outcome, outcome[0]  # type: ignore[return-value]


def _dial(address: Address, timeout_s: float, *, no_delay: bool) -> socket | OSError:
    failure = OSError(f"the host name {address.host} has no address")
    try:
        # As bytes, because a string would load the idna codec, which takes 5 ms.
        candidates = getaddrinfo(os.fsencode(address.host), address.port, type=SOCK_STREAM)
    except OSError as error:
        return error
    for family, kind, protocol, _, where in candidates:
        sock = socket(family, kind, protocol)
        try:
            sock.settimeout(timeout_s)
            sock.connect(where)
            sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, no_delay)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    return failure
