"""Bytes to frames and back. Pure: no sockets, no waiting.

A frame on the comm socket::

    +----------------+--------------------------------------------+
    | length, 4 bytes| msgpack, `length` bytes                    |
    | big-endian     | to the supervisor:   [id, body]            |
    |                |                   or [id, body, carrier]   |
    |                | from the supervisor: [id, body, error]     |
    +----------------+--------------------------------------------+

`body` and `error` are maps or null; trailing nulls may be left out. `carrier` is the W3C trace context that a request
belongs to. Aware datetimes travel as the msgpack timestamp extension.
"""

from __future__ import annotations

import msgpack

from dagfloe.errors import LocalProtocolError, RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


class Frame:
    """One frame from the supervisor.

    Attributes:
        id: that of the request that it answers; 0 for the first one.
        body: the message, if any.
        error: the error in its place, if any.
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
#: Of a frame from the supervisor.
_PARTS = 3
#: Longer frames are refused. Any ASCII text that is read as a length exceeds it, so that a peer which speaks another
#: protocol is told from a large XCom.
MAX_FRAME_BYTES = 0x1FFF_FFFF


#: Up to here, one write of a copy costs less than two writes without.
_SMALL_BYTES = 1 << 16
_SHORT_TEXT = 1 << 10
_SCALARS = frozenset({bool, float, int, type(None)})
#: For bodies of scalars and short texts: nothing else can run while it packs one, and making one takes as long as that.
_packer = msgpack.Packer(datetime=True)


def encode_frame(
    frame_id: int, body: Mapping[str, Any], carrier: Mapping[str, str] | None = None
) -> tuple[bytes | memoryview, ...]:
    """One frame to the supervisor, with its length.

    Args:
        frame_id: the request's id.
        body: the message; datetimes in it must be aware.
        carrier: the W3C trace context that the request belongs to, if any.

    Returns:
        What to write, one after the other: large payloads are not copied.

    Raises:
        LocalProtocolError: when the body has no msgpack form or is too long.
    """
    content = [frame_id, body, carrier] if carrier else [frame_id, body]
    payload: bytes | memoryview
    try:
        if _is_short(body):
            payload = _packer.pack(content)
        else:
            packer = msgpack.Packer(datetime=True, autoreset=False)
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
            "store large data elsewhere and pass where it is"
        )
    header = length.to_bytes(HEADER_BYTES, "big")
    return (header, payload) if length > _SMALL_BYTES else (header + payload,)


def _is_short(body: Mapping[str, Any]) -> bool:
    for value in body.values():
        if len(value) > _SHORT_TEXT if type(value) is str else type(value) not in _SCALARS:
            return False
    return True


class FrameDecoder:
    """Collects bytes as they arrive, however they are split, and gives back whole frames.

    Args:
        max_frame_bytes: longer frames are refused.
    """

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._buffer = bytearray()
        self._max_frame_bytes = max_frame_bytes

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished frame have arrived."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Add bytes; give the frames that are whole now, one by one, those before a bad one included.

        Raises:
            RemoteProtocolError: at a frame that is too long, is not msgpack, or has the wrong shape. The stream cannot
                be read further.
        """
        if not self._buffer and len(data) - HEADER_BYTES == int.from_bytes(data[:HEADER_BYTES], "big"):
            return iter((self._decode(data[HEADER_BYTES:]),))  # as nearly always: one frame, and nothing else
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
    """Read one frame's msgpack.

    Raises:
        RemoteProtocolError: when it is not msgpack or has the wrong shape.
    """
    try:
        value = msgpack.unpackb(payload, timestamp=3, strict_map_key=False)
    except Exception as error:
        raise RemoteProtocolError(
            f"a frame of {len(payload)} bytes from the supervisor is not valid msgpack ({type(error).__name__})"
        ) from error
    if type(value) is not list or not 1 <= len(value) <= _PARTS:
        raise _misshaped("it is not an array of id, body and error")
    frame_id, body, error_body = value if len(value) == _PARTS else (*value, None, None)[:_PARTS]
    if type(frame_id) is not int or frame_id < 0:  # the type of True is another one
        raise _misshaped("its id is not a number")
    if not (body is None or isinstance(body, dict)):
        raise _misshaped("its body is neither a map nor null")
    if not (error_body is None or isinstance(error_body, dict)):
        raise _misshaped("its error is neither a map nor null")
    return Frame(frame_id, body, error_body)


def _misshaped(why: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"a frame from the supervisor has the wrong shape: {why}")
