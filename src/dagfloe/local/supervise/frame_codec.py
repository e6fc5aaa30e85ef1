"""Decodes requests and encodes replies: the supervisor's side of frames. Pure: no sockets, no waiting.

The other side is `dagfloe.runtime.wire.frames`, which draws the layout. Here `[id, body]` and `[id, body, carrier]`
come in, and `[id, body, error]` goes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgpack

from dagfloe.local.task_lost import TaskLost
from dagfloe.runtime.wire.frames import HEADER_BYTES, FrameDecoder

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIN_ITEMS = 2


@dataclass(frozen=True, slots=True)
class Request:
    """One frame from the bundle.

    Attributes:
        id: the id of the frame and of its reply.
        body: the message, not validated.
        carrier: the W3C trace context, if the bundle sent one.
    """

    id: int
    body: dict[str, Any] | None
    carrier: dict[str, Any] | None = None


def encode_reply(frame_id: int, body: dict[str, Any] | None, error: dict[str, Any] | None = None) -> bytes:
    """Encode a frame to the bundle. Aware datetimes become the msgpack timestamp extension."""
    payload: bytes = msgpack.packb([frame_id, body, error], datetime=True)
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


class RequestDecoder(FrameDecoder):
    """Turns bytes, however they are split, into requests.

    `feed` raises `TaskLost` for a frame that is too long, empty, not msgpack, or not an array of id and body.
    """

    if TYPE_CHECKING:

        def feed(self, data: bytes) -> Iterator[Request]:  # type: ignore[override]
            """Add bytes; give the requests that are whole now."""
            ...

    def _check_length(self, length: int) -> None:
        if not 0 < length <= self._max_frame_bytes:
            raise TaskLost(f"the bundle announced a frame of {length} bytes")

    def _decode(self, payload: memoryview) -> Request:  # type: ignore[override]
        return decode_request(payload)


def decode_request(payload: bytes | memoryview) -> Request:
    """Decode the msgpack of one frame.

    Raises:
        TaskLost: if it is not msgpack, or not an array of id and body.
    """
    try:
        value = msgpack.unpackb(payload, timestamp=3, strict_map_key=False)
    except Exception as error:
        raise TaskLost(
            f"the bundle sent a frame of {len(payload)} bytes that is not msgpack ({type(error).__name__})"
        ) from error
    if not isinstance(value, list) or len(value) < _MIN_ITEMS:
        raise TaskLost("the bundle sent a frame that is not an array of id and body")
    frame_id, body, carrier = (*value, None)[:3]
    if not isinstance(frame_id, int) or isinstance(frame_id, bool):
        raise TaskLost("the bundle sent a frame whose id is not an integer")
    for name, part in (("body", body), ("carrier", carrier)):
        if part is not None and not (isinstance(part, dict) and all(isinstance(key, str) for key in part)):
            raise TaskLost(f"the bundle sent a frame whose {name} is neither null nor a dict with string keys")
    return Request(frame_id, body, carrier)
