"""The two sockets to the supervisor: the launcher has connected them, or this process does.

Uses `_socket` directly: the module `socket` makes enums of its constants, which takes 2 ms in every task.
"""

from __future__ import annotations

from _socket import AF_INET, SOCK_STREAM, socket

from dagfloe.runtime.descriptors import move_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from dagfloe.runtime.wire.addresses import Address


def open_sockets(comm: Address, logs: Address, environment: MutableMapping[str, str]) -> tuple[socket, socket]:
    """Take over the sockets that the launcher has connected; if it has not, connect to both addresses.

    Args:
        comm: the address where the supervisor expects frames.
        logs: the address where the supervisor expects log lines.
        environment: the environment; the variable in which the launcher names the sockets is removed from it.

    Returns:
        The comm and the logs socket.

    Raises:
        ConnectionLostError: when a connection fails.
    """
    numbers = environment.pop("_DAGFLOE_SOCKETS", "").split(",")
    if len(numbers) == 2:
        sockets = [socket(AF_INET, SOCK_STREAM, 0, int(number)) for number in numbers]
    else:
        from dagfloe.runtime.wire.dial import dial_both  # noqa: PLC0415 - most processes have a launcher

        sockets = [*dial_both(comm, logs)]
    comm_socket, logs_socket = (socket(one.family, one.type, one.proto, move_up(one.detach())) for one in sockets)
    return comm_socket, logs_socket
