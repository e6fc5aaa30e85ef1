"""Encoding and decoding frames."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta, timezone
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.errors import LocalProtocolError, RemoteProtocolError
from dagfloe.runtime.wire import frames
from dagfloe.runtime.wire.frames import MAX_FRAME_BYTES, Frame, FrameDecoder, decode_payload, encode_frame
from support.strategies import json_values, message_bodies, pieces_of, text

ids = st.integers(0, 2**64 - 1)


def pack(value: object) -> bytes:
    """A value as a frame, encoded by any msgpack library."""
    payload: bytes = msgpack.packb(value, datetime=True)
    return struct.pack(">I", len(payload)) + payload


@given(ids, message_bodies)
def test_frames_to_the_supervisor(frame_id: int, body: dict[str, Any]) -> None:
    """A frame is the length and an array of id and body. Aware datetimes are decoded as the same time."""
    data = b"".join(encode_frame(frame_id, body))
    (length,) = struct.unpack(">I", data[:4])
    assert length == len(data) - 4
    assert msgpack.unpackb(data[4:], timestamp=3) == [frame_id, body]


@pytest.mark.parametrize("size", [0, 65_000, 65_530, 65_536, 70_000, 3_000_000])
def test_frames_of_any_size(size: int) -> None:
    """Large payloads, which are not copied, give the same bytes as small ones."""
    body = {"type": "SetXCom", "value": "x" * size}
    data = b"".join(encode_frame(7, body))
    assert data == pack([7, body])
    assert [frame.body for frame in FrameDecoder().feed(data)] == [body]


@pytest.mark.parametrize("value", ["\ud800", ["\ud800"], 2**64], ids=["short", "list", "number"])
def test_refused_bodies_leave_nothing_behind(value: object) -> None:
    """After a body that msgpack cannot encode, the next frame is complete and contains nothing of it."""
    with pytest.raises(LocalProtocolError):
        encode_frame(1, {"type": "PutVariable", "value": value})
    assert b"".join(encode_frame(2, {"type": "GetVariable", "key": "k"})) == pack(
        [2, {"type": "GetVariable", "key": "k"}]
    )


@pytest.mark.parametrize("step", [1_000, 65_536, 100_003])
def test_large_frames_in_pieces(step: int) -> None:
    """A large frame between small ones, in pieces that match none of them."""
    sent: list[tuple[Any, ...]] = [(1, None, None), (2, {"value": "x" * 1_000_000}, None), (3, None, {"error": "X"})]
    whole = b"".join(map(pack, sent))
    decoder = FrameDecoder()
    received = [frame for at in range(0, len(whole), step) for frame in decoder.feed(whole[at : at + step])]
    assert received == [Frame(*parts) for parts in sent]
    assert decoder.pending_bytes == 0


supervisor_frames = st.tuples(ids, st.none() | message_bodies, st.none() | message_bodies)


@given(st.data(), st.lists(supervisor_frames, max_size=4))
def test_any_split_gives_the_same_frames(data: st.DataObject, sent: list[tuple[Any, ...]]) -> None:
    """However the bytes are split, the decoder returns the same frames in order, and no byte is left."""
    decoder = FrameDecoder()
    received: list[Frame] = []
    for piece in data.draw(pieces_of(b"".join(map(pack, sent)))):
        received += decoder.feed(piece)
    assert received == [Frame(*parts) for parts in sent]
    assert decoder.pending_bytes == 0


def test_every_cut_of_two_frames() -> None:
    """Two frames, split at any byte or fed byte by byte, are decoded as the same two frames."""
    whole = pack([1, {"type": "OKResponse", "ok": True}, None]) + pack([2, None, {"error": "GENERIC_ERROR"}])
    expected = list(FrameDecoder().feed(whole))
    assert [frame.id for frame in expected] == [1, 2]
    for cut in range(len(whole)):
        decoder = FrameDecoder()
        assert list(decoder.feed(whole[:cut])) + list(decoder.feed(whole[cut:])) == expected
    decoder = FrameDecoder()
    assert [frame for byte in whole for frame in decoder.feed(bytes([byte]))] == expected


def test_pending_bytes_count_an_unfinished_frame() -> None:
    """`pending_bytes` shows whether the stream ends inside a frame."""
    whole = pack([1, None, None])
    decoder = FrameDecoder()
    list(decoder.feed(whole + whole[:3]))
    assert decoder.pending_bytes == 3


with_length = st.binary(max_size=40).map(lambda payload: struct.pack(">I", len(payload)) + payload)
packed_anything = (json_values | st.lists(json_values, max_size=4)).map(pack)
damaged = st.builds(
    lambda whole, at, bit: bytes(byte ^ (1 << bit if index == at else 0) for index, byte in enumerate(whole)),
    supervisor_frames.map(pack),
    st.integers(0, 40),
    st.integers(0, 7),
)


@given(st.lists(st.binary(max_size=20) | with_length | packed_anything | damaged, max_size=3).map(b"".join))
def test_garbage(data: bytes) -> None:
    """Any bytes are complete frames, the start of a frame, or a RemoteProtocolError, but no other exception."""
    try:
        received = list(FrameDecoder().feed(data))
    except RemoteProtocolError:
        return
    for frame in received:
        assert isinstance(frame.id, int)
        assert isinstance(frame.body, (dict, type(None)))
        assert isinstance(frame.error, (dict, type(None)))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "not an array"),
        (3, "not an array"),
        ({"id": 1}, "not an array"),
        ([], "not an array of id"),
        ([1, None, None, None], "not an array of id"),
        ([True, None, None], "its id is not a number"),
        ([-1, None, None], "its id is not a number"),
        ([1.0, None, None], "its id is not a number"),
        (["1", None, None], "its id is not a number"),
        ([1, [], None], "its body is neither a dict nor null"),
        ([1, "x", None], "its body is neither a dict nor null"),
        ([1, None, "x"], "its error is neither a dict nor null"),
    ],
)
def test_wrong_shapes(value: object, why: str) -> None:
    """Anything but an array of id, body and error is refused with the reason."""
    with pytest.raises(RemoteProtocolError, match=why):
        decode_payload(msgpack.packb(value))


@pytest.mark.parametrize(
    ("value", "frame"),
    [
        ([7], Frame(7, None, None)),
        ([7, {"a": 1}], Frame(7, {"a": 1}, None)),
        ([7, None, {"error": "X"}], Frame(7, None, {"error": "X"})),
        ([7, {1: 2}, None], Frame(7, {1: 2}, None)),  # type: ignore[dict-item]
    ],
)
def test_right_shapes(value: object, frame: Frame) -> None:
    """Trailing nulls may be left out, and the error element arrives unchanged."""
    assert decode_payload(msgpack.packb(value)) == frame


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x93\x01", b"\x93\x01\xc0\xc0\xc0", b"\xdd\xff\xff\xff\xff\x01"])
def test_payloads_that_are_not_msgpack(payload: bytes) -> None:
    """An empty, invalid, truncated or overlong payload is refused with its length."""
    with pytest.raises(RemoteProtocolError, match=f"a frame of {len(payload)} bytes .* is not valid msgpack"):
        decode_payload(payload)


def test_oversized_length_is_refused_before_its_bytes_arrive() -> None:
    """A length above the limit is refused at once, and so is the greeting of another protocol."""
    for start in (struct.pack(">I", MAX_FRAME_BYTES + 1), b"HTTP", b"SSH-"):
        with pytest.raises(RemoteProtocolError, match="is there a supervisor"):
            list(FrameDecoder().feed(start))
    assert list(FrameDecoder().feed(struct.pack(">I", MAX_FRAME_BYTES))) == []
    with pytest.raises(RemoteProtocolError, match="more than 10"):
        list(FrameDecoder(max_frame_bytes=10).feed(struct.pack(">I", 11)))


@given(st.integers(0, 10**6 - 1), st.sampled_from([-(10**10), -1, 0, 1, 10**9, 2**32, 2**34, 10**11]))
def test_timestamps(microsecond: int, second: int) -> None:
    """All three timestamp formats of msgpack are decoded as aware datetimes, to the microsecond."""
    date = datetime.fromtimestamp(second, tz=timezone.utc).replace(microsecond=microsecond)
    assert decode_payload(msgpack.packb([0, {"at": date}], datetime=True)).body == {"at": date}
    sent = msgpack.unpackb(b"".join(encode_frame(0, {"at": date}))[4:])
    assert sent[1]["at"].to_unix_nano() == second * 10**9 + microsecond * 1000


@pytest.mark.parametrize(
    "value",
    [object(), datetime(2026, 1, 1), 2**64, -(2**63) - 1, "\ud800", {1, 2}, print],  # noqa: DTZ001
)
def test_bodies_without_a_form_are_refused(value: object) -> None:
    """A value that msgpack cannot encode, such as a naive datetime, is a local error, and nothing is sent."""
    with pytest.raises(LocalProtocolError, match=r"SetXCom cannot be encoded .*nothing was sent"):
        encode_frame(1, {"type": "SetXCom", "value": value})


class Pendulum(datetime):
    """A subclass of datetime, such as the ones of pendulum, pandas and freezegun."""


@pytest.mark.parametrize("year", [1, 1969, 2026, 9999])
@pytest.mark.parametrize("hours", [-12, 0, 12])
def test_dates_of_subclasses(year: int, hours: int) -> None:
    """A date of a subclass is encoded like any other, also deep inside a body."""
    zone = timezone(timedelta(hours=hours))
    fields = (year, 6, 5, 4, 3, 2, 1)
    (plain,) = encode_frame(1, {"type": "X", "dates": [datetime(*fields, tzinfo=zone)]})
    assert encode_frame(1, {"type": "X", "dates": [Pendulum(*fields, tzinfo=zone)]}) == (plain,)


def test_bodies_nested_too_deep_are_refused() -> None:
    """A body that contains itself is a local error, not an endless loop."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(LocalProtocolError, match="nothing was sent"):
        encode_frame(1, {"type": "SetXCom", "value": value})


def test_bodies_that_are_too_long_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body above the limit is refused with its length and a hint."""
    monkeypatch.setattr(frames, "MAX_FRAME_BYTES", 100)
    with pytest.raises(LocalProtocolError, match=r"SetXCom has 1\d\d bytes, more than 100: nothing was sent; store"):
        encode_frame(1, {"type": "SetXCom", "value": "x" * 100})


@given(text)
def test_errors_do_not_show_values(secret: str) -> None:
    """An encoding error shows the message's type and not its values."""
    secret = f"k7-{secret}"
    with pytest.raises(LocalProtocolError) as caught:
        encode_frame(1, {"type": "SetXCom", "value": [secret, object()]})
    assert secret not in str(caught.value)
    assert secret not in str(caught.value.__cause__)


def test_frames_before_a_bad_one_are_returned() -> None:
    """The frames before an invalid one are returned."""
    good = struct.pack(">I", 4) + msgpack.packb([7, None, None])
    decoder = FrameDecoder()
    frames = decoder.feed(good + b"\xff\xff\xff\xff")
    assert next(frames).id == 7
    with pytest.raises(RemoteProtocolError):
        next(frames)
