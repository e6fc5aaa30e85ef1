"""The last 64 bytes of a bundle file."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.format.errors import TrailerError
from dagfloe.format.trailer import SIZE, Trailer

lengths = st.integers(0, 2**32 - 1)
digests = st.binary(min_size=32, max_size=32)


@given(lengths, lengths, digests)
def test_round_trip(source_len: int, manifest_len: int, digest: bytes) -> None:
    """A packed trailer is parsed to an equal one."""
    trailer = Trailer(source_len, manifest_len, digest)
    assert Trailer.parse(trailer.pack()) == trailer


@given(lengths, lengths, digests)
def test_layout(source_len: int, manifest_len: int, digest: bytes) -> None:
    """The bytes are those of the executable bundle spec."""
    data = Trailer(source_len, manifest_len, digest).pack()
    assert struct.unpack("<III", data[:12]) == (source_len, manifest_len, 1)
    assert data[12:44] == digest
    assert data[44:] == bytes(12) + b"AFBNDL01"


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    """Bytes that are not a trailer give a TrailerError, and no other exception."""
    with pytest.raises(TrailerError):
        Trailer.parse(data)


@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_changed_byte(place: int, change: int) -> None:
    """A changed byte changes a field or gives a TrailerError."""
    trailer = Trailer(10, 20, bytes(range(32)))
    data = bytearray(trailer.pack())
    data[place] ^= change
    try:
        assert Trailer.parse(bytes(data)) != trailer
    except TrailerError:
        assert 8 <= place < 12 or place >= 44


def test_too_long_regions_are_refused() -> None:
    """A region that is too long for its field gives a TrailerError."""
    with pytest.raises(TrailerError, match="shorten the source file"):
        Trailer(2**32, 0, bytes(32)).pack()
