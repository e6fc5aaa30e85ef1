"""Parsing `host:port` addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.errors import UsageError
from dagfloe.runtime.wire.addresses import Address, parse_address
from support.strategies import any_text

hosts = st.ip_addresses().map(str) | st.text("abcxyz019.-", min_size=1)


def write(host: str, port: int) -> str:
    """An address in the supervisor's format."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@given(hosts, st.integers(1, 65535))
def test_round_trip(host: str, port: int) -> None:
    """Formatting and parsing an address returns the same host and port, also for IPv6 in brackets."""
    assert parse_address(write(host, port), "--comm") == Address(host=host, port=port)


near_misses = st.lists(
    st.sampled_from(
        ["127.0.0.1", "localhost", "[::1]", "::1", "[", "]", ":", " ", "\n", "0", "1", "65535", "65536", "²"]
    ),
    max_size=5,
).map("".join)


@given(any_text | near_misses)
def test_any_string_is_an_address_or_a_usage_error(text: str) -> None:
    """Any string is either a valid address, which formats as the same string, or an error that names the flag."""
    try:
        address = parse_address(text, "--logs")
    except UsageError as error:
        assert str(error).startswith("--logs takes host:port")  # noqa: PT017 - only one of two outcomes
    else:
        assert 1 <= address.port <= 65535
        assert address.host
        host, _, port = text.rpartition(":")
        assert (host.strip("[]"), int(port)) == (address.host, address.port)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("127.0.0.1", "the port is missing"),
        ("", "the port is missing"),
        (":80", "the host is missing"),
        ("a b:80", "the host is missing or malformed"),
        ("[:80", "the host is missing or malformed"),
        ("[[::1]]:80", "the host is missing or malformed"),
        ("höst:80", "the host is missing or malformed"),
        ("::1:80", "brackets belong around an IPv6 address"),
        ("[127.0.0.1]:80", "brackets belong around an IPv6 address"),
        ("h:0", "from 1 to 65535"),
        ("h:65536", "from 1 to 65535"),
        ("h:", "from 1 to 65535"),
        ("h:+80", "from 1 to 65535"),
        ("h:8_0", "from 1 to 65535"),
        ("h:٨٠", "from 1 to 65535"),
        ("h:" + "9" * 5000, "from 1 to 65535"),
    ],
)
def test_malformed_addresses(text: str, problem: str) -> None:
    """A malformed address is refused with the reason."""
    with pytest.raises(UsageError, match=problem):
        parse_address(text, "--comm")
