"""Parses `host:port` addresses from the command line. Pure."""

from __future__ import annotations

from dagfloe.errors import UsageError
from dagfloe.model.record import Record


class Address(Record):
    """The address where a socket listens."""

    host: str
    port: int


def parse_address(value: str, flag: str) -> Address:
    """Parse `host:port` or `[IPv6]:port`.

    Args:
        value: the flag's value.
        flag: the flag's name, for the error.

    Raises:
        UsageError: when the value has another form, or the port is not between 1 and 65535.
    """
    host, separator, port = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not separator:
        problem = "the port is missing"
    elif not host or not host.isascii() or any(character.isspace() or character in "[]" for character in host):
        problem = "the host is missing or malformed"
    elif (":" in host) != bracketed:
        problem = "brackets belong around an IPv6 address, and only there"
    elif not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535 and len(port) <= 5):
        problem = "the port is not a number from 1 to 65535"
    else:
        return Address(host=host, port=int(port))
    raise UsageError(f"{flag} takes host:port, such as 127.0.0.1:40000, not {value!r}: {problem}")
