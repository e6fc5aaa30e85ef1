"""Dials the supervisor's two sockets at once.

With the module that `socket` stands on: `socket` itself makes enums of all constants, which costs every task 2 ms.
"""

from __future__ import annotations

import os
import threading
from _socket import IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY, getaddrinfo, socket

from dagfloe.errors import ConnectionLostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dagfloe.runtime.wire.addresses import Address

#: For each socket. The supervisor itself gives up after 10 s, unless it is configured otherwise.
DIAL_TIMEOUT_S = 30.0


def dial_both(comm: Address, logs: Address, timeout_s: float = DIAL_TIMEOUT_S) -> tuple[socket, socket]:
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
    outcome: list[socket | OSError] = []
    # Log lines that follow others on their way wait in the kernel, which delivers them even when the process is
    # killed: the supervisor is woken once for several, and a line takes a third less time.
    thread = threading.Thread(
        target=lambda: outcome.append(_dial(logs, timeout_s, at_once=False)), name="dagfloe-dial", daemon=True
    )
    thread.start()
    comm_outcome = _dial(comm, timeout_s, at_once=True)
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


def _dial(address: Address, timeout_s: float, *, at_once: bool) -> socket | OSError:
    failure = OSError(f"no address is known for {address.host}")
    try:
        # As bytes, because text would load the idna codec, which costs 5 ms.
        found = getaddrinfo(os.fsencode(address.host), address.port, type=SOCK_STREAM)
    except OSError as error:
        return error
    for family, kind, protocol, _, where in found:
        sock = socket(family, kind, protocol)
        try:
            sock.settimeout(timeout_s)
            sock.connect(where)
            sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, at_once)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    return failure
