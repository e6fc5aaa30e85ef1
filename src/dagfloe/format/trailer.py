"""The AFBNDL01 trailer: the last 64 bytes of a bundle file. The package's docstring draws it. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dagfloe.format.errors import TrailerError

MAGIC = b"AFBNDL01"
VERSION = 1
SIZE = 64
_LAYOUT = struct.Struct("<III32s12s8s")
_RESERVED = bytes(12)
_MAX_LENGTH = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Trailer:
    """The fields of a trailer.

    Attributes:
        source_len: length of the source region, in bytes.
        manifest_len: length of the manifest region, in bytes.
        binary_sha256: digest of the executable region.
    """

    source_len: int
    manifest_len: int
    binary_sha256: bytes

    def pack(self) -> bytes:
        """The 64 bytes.

        Raises:
            TrailerError: if a region is too long for its field.
        """
        if max(self.source_len, self.manifest_len) > _MAX_LENGTH:
            raise TrailerError(
                f"the source and the manifest must not be longer than {_MAX_LENGTH} bytes: shorten the source file"
            )
        return _LAYOUT.pack(self.source_len, self.manifest_len, VERSION, self.binary_sha256, _RESERVED, MAGIC)

    @classmethod
    def parse(cls, data: bytes) -> Trailer:
        """Read the last 64 bytes of a file.

        Raises:
            TrailerError: if they are not a trailer, or one of another version.
        """
        if len(data) != SIZE:
            raise TrailerError(f"not a bundle file: it has {len(data)} bytes, and the trailer alone has {SIZE}")
        source_len, manifest_len, version, digest, reserved, magic = _LAYOUT.unpack(data)
        if magic != MAGIC:
            raise TrailerError(f"not a bundle file: its last 8 bytes are not {MAGIC.decode()}")
        if version != VERSION:
            raise TrailerError(
                f"its trailer has version {version}, and this dagfloe reads only version {VERSION}: install a newer one"
            )
        if reserved != _RESERVED:
            raise TrailerError("its trailer is damaged: the reserved bytes are not zero")
        return cls(source_len, manifest_len, digest)
