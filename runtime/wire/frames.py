"""Encodes and decodes frames. Pure: no sockets, no waiting.

A frame on the comm socket::

    +----------------+--------------------------------------------+
    | length, 4 bytes| msgpack, `length` bytes                    |
    | big-endian     | to the supervisor:   [id, body]            |
    |                |                   or [id, body, carrier]   |
    |                | from the supervisor: [id, body, error]     |
    +----------------+--------------------------------------------+

`body` and `error` are dicts or null; trailing nulls may be left out. `carrier` is the W3C trace context of a request.
Aware datetimes are encoded as the msgpack timestamp extension.
"""

from __future__ import annotations

from datetime import datetime, timezone

import msgpack

from dagfloe.errors import LocalProtocolError, RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


class Frame:
    """One frame from the supervisor.

    Attributes:
        id: the id of the request that the frame answers; 0 for the first frame.
        body: the message, if there is one.
        error: the error, if there is one.
    """

    __slots__ = ("body", "error", "id")

    def __init__(self, id: int, body: dict[str, Any] | None = None, error: dict[str, Any] | None = None) -> None:  # noqa: A002
        self.id = id
        self.body = body
        self.error = error

    def __repr__(self) -> str:
        return f"Frame(id={self.id}, type={(self.body or self.error or {}).get('type')!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and (self.id, self.body, self.error) == (other.id, other.body, other.error)

    __hash__ = None  # type: ignore[assignment]


HEADER_BYTES = 4
#: The number of elements of a frame from the supervisor.
_ELEMENTS = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: The length limit of frames. Four ASCII characters, read as a length, exceed it: the first bytes of another protocol
#: are not mistaken for a large XCom.
MAX_FRAME_BYTES = 0x1FFF_FFFF


def _encode_date(value: object) -> msgpack.Timestamp:
    """Encode a date of a subclass, such as one of pendulum or pandas; msgpack refuses these."""
    if not isinstance(value, type(_EPOCH)):
        raise TypeError(f"a value of type {type(value).__name__}")
    since = value - _EPOCH
    return msgpack.Timestamp(since.days * 86400 + since.seconds, since.microseconds * 1000)


#: Up to this length, one write of a copied payload is faster than two writes.
_SMALL_BYTES = 1 << 16
_SHORT_STRING = 1 << 10
_SCALARS = frozenset({bool, float, int, type(None)})
#: Shared for bodies of scalars and short strings, because making a packer takes as long as using it. No other thread
#: can run while it packs such a body.
_packer = msgpack.Packer(datetime=True, default=_encode_date)


def encode_frame(
    frame_id: int, body: Mapping[str, Any], carrier: Mapping[str, str] | None = None
) -> tuple[bytes | memoryview, ...]:
    """Encode a frame to the supervisor, with its length.

    Args:
        frame_id: the request's id.
        body: the message; its datetimes must be aware.
        carrier: the W3C trace context of the request, if there is one.

    Returns:
        The parts to write, in order. Large payloads are not copied.

    Raises:
        LocalProtocolError: when msgpack cannot encode the body, or the frame is too long.
    """
    content = [frame_id, body, carrier] if carrier else [frame_id, body]
    payload: bytes | memoryview
    try:
        if _is_short(body):
            payload = _packer.pack(content)
        else:
            packer = msgpack.Packer(datetime=True, default=_encode_date, autoreset=False)
            packer.pack(content)
            buffer = packer.getbuffer()
            # Before msgpack 1.1 the buffer dies with the packer.
            payload = buffer if buffer.obj is packer else packer.bytes()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise LocalProtocolError(
            f"the message {body.get('type')} cannot be encoded ({type(error).__name__}): nothing was sent"
        ) from error
    length = len(payload)
    if length > MAX_FRAME_BYTES:
        raise LocalProtocolError(
            f"the message {body.get('type')} has {length} bytes, more than {MAX_FRAME_BYTES}: nothing was sent; "
            "store large data elsewhere and pass a reference to it"
        )
    header = length.to_bytes(HEADER_BYTES, "big")
    return (header, payload) if length > _SMALL_BYTES else (header + payload,)


def _is_short(body: Mapping[str, Any]) -> bool:
    for value in body.values():
        if len(value) > _SHORT_STRING if type(value) is str else type(value) not in _SCALARS:
            return False
    return True


class FrameDecoder:
    """Collects bytes as they arrive, and returns whole frames.

    Args:
        max_frame_bytes: the length limit; longer frames are refused.
    """

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._buffer = bytearray()
        self._max_frame_bytes = max_frame_bytes

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished frame have arrived."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Add bytes, and return the frames that are complete now, one by one.

        Args:
            data: the bytes, split anywhere.

        Raises:
            RemoteProtocolError: when a frame is too long, is not msgpack, or has the wrong shape. The frames before it
                are returned first. The stream cannot be read further.
        """
        if not self._buffer and len(data) - HEADER_BYTES == int.from_bytes(data[:HEADER_BYTES], "big"):
            return iter((self._decode(data[HEADER_BYTES:]),))  # nearly always: exactly one frame
        return self._split(data)

    def _split(self, data: bytes) -> Iterator[Frame]:
        buffer: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            buffer = self._buffer
        start = 0
        try:
            while len(buffer) - start >= HEADER_BYTES:
                length = int.from_bytes(buffer[start : start + HEADER_BYTES], "big")
                self._check_length(length)
                end = start + HEADER_BYTES + length
                if len(buffer) < end:
                    break
                with memoryview(buffer) as view, view[start + HEADER_BYTES : end] as payload:
                    frame = self._decode(payload)
                start = end
                yield frame
        finally:
            if buffer is self._buffer:
                del self._buffer[:start]
            elif start < len(buffer):
                self._buffer += buffer[start:]

    def _check_length(self, length: int) -> None:
        if length > self._max_frame_bytes:
            raise RemoteProtocolError(
                f"the supervisor announced a frame of {length} bytes, more than {self._max_frame_bytes}: "
                "is there a supervisor at the --comm address?"
            )

    def _decode(self, payload: bytes | memoryview) -> Frame:
        return decode_payload(payload)


def decode_payload(payload: bytes | memoryview) -> Frame:
    """Decode the msgpack of one frame.

    Args:
        payload: the frame without its length.

    Raises:
        RemoteProtocolError: when it is not msgpack or has the wrong shape.
    """
    try:
        value = msgpack.unpackb(payload, timestamp=3, strict_map_key=False)
    except Exception as error:
        raise RemoteProtocolError(
            f"a frame of {len(payload)} bytes from the supervisor is not valid msgpack ({type(error).__name__})"
        ) from error
    if type(value) is not list or not 1 <= len(value) <= _ELEMENTS:
        raise _misshaped("it is not an array of id, body and error")
    frame_id, body, error_body = value if len(value) == _ELEMENTS else (*value, None, None)[:_ELEMENTS]
    if type(frame_id) is not int or frame_id < 0:  # isinstance would accept True
        raise _misshaped("its id is not a number")
    if not (body is None or isinstance(body, dict)):
        raise _misshaped("its body is neither a dict nor null")
    if not (error_body is None or isinstance(error_body, dict)):
        raise _misshaped("its error is neither a dict nor null")
    return Frame(frame_id, body, error_body)


def _misshaped(reason: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"a frame from the supervisor has the wrong shape: {reason}")
