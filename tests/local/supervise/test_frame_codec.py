"""The supervisor's side of frames."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.local.supervise.frame_codec import Request, RequestDecoder, encode_reply
from dagfloe.local.task_lost import TaskLost
from dagfloe.runtime.wire.frames import Frame, FrameDecoder, encode_frame

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(st.text(), values, max_size=4)


def frame(value: object) -> bytes:
    payload: bytes = msgpack.packb(value)
    return len(payload).to_bytes(4, "big") + payload


@given(st.lists(st.tuples(st.integers(0, 2**63), bodies), max_size=4), st.integers(1, 9))
def test_split(frames: list[tuple[int, dict[str, object]]], size: int) -> None:
    """The supervisor decodes all frames that the runtime encodes, however the bytes are split."""
    data = b"".join(part for frame_id, body in frames for part in encode_frame(frame_id, body))
    decoder = RequestDecoder()
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    requests = [request for piece in pieces for request in decoder.feed(piece)]
    assert requests == [Request(frame_id, body) for frame_id, body in frames]
    assert decoder.pending_bytes == 0


@given(st.binary(max_size=60))
def test_garbage(data: bytes) -> None:
    """Any bytes give requests or `TaskLost`, never another error."""
    decoder = RequestDecoder(max_frame_bytes=50)
    with suppress(TaskLost):
        assert all(isinstance(request, Request) for request in decoder.feed(data))


@given(bodies)
def test_reply(body: dict[str, object]) -> None:
    """The runtime decodes the supervisor's replies."""
    [reply] = FrameDecoder().feed(encode_reply(7, body, {"error": "X"}))
    assert reply == Frame(7, body, {"error": "X"})


def test_reply_with_datetime() -> None:
    """Aware datetimes are encoded as the timestamp extension."""
    when = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc)
    assert msgpack.unpackb(encode_reply(0, {"a": when})[4:], timestamp=3) == [0, {"a": when}, None]


def test_carrier() -> None:
    """A trace carrier is decoded, and further elements are ignored, as in the real supervisor."""
    [request] = RequestDecoder().feed(frame([-1, None, {"traceparent": "x"}, "more"]))
    assert request == Request(-1, None, {"traceparent": "x"})


@pytest.mark.parametrize(
    "value",
    [[1], [], 5, None, {"id": 1, "body": None}, ["1", {}], [1.0, {}], [True, {}], [1, []], [1, {1: 2}], [1, {}, "x"]],
    ids=repr,
)
def test_wrong_shape(value: object) -> None:
    """A frame of the wrong shape loses the task."""
    with pytest.raises(TaskLost, match="the bundle sent a frame"):
        list(RequestDecoder().feed(frame(value)))


@pytest.mark.parametrize(
    "data", [bytes(4), b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", frame([1, None])[:3] + b"\4\x92\1\xc0x"]
)
def test_malformed_frame(data: bytes) -> None:
    """A frame that is empty, too long, malformed or followed by other bytes loses the task."""
    with pytest.raises(TaskLost):
        list(RequestDecoder().feed(data))


def test_before_bad_frame() -> None:
    """Valid frames before a malformed one are decoded first."""
    requests = RequestDecoder().feed(frame([1, None]) + frame(5))
    assert next(requests) == Request(1, None)
    with pytest.raises(TaskLost):
        next(requests)
