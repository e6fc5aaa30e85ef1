"""The AFBNDL01 trailer: the last 64 bytes of a bundle file, and the regions that they describe. Pure.

A bundle file, and its trailer (executable bundle spec 1.0, numbers are little-endian)::

    [0, source_start)               the executable, never empty
    [source_start, manifest_start)  the primary source
    [manifest_start, size - 64)     the manifest, YAML
    [size - 64, size)               source_len u32 | metadata_len u32 | footer_ver u32 | sha256 of the executable, 32
                                    | 12 zero bytes | AFBNDL01
"""

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
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Trailer:
    """What the last 64 bytes say.

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
            TrailerError: when a region is too long for its field.
        """
        if max(self.source_len, self.manifest_len) > _MAX_LENGTH:
            raise TrailerError(f"source and manifest may have {_MAX_LENGTH} bytes each: leave the source out")
        return _LAYOUT.pack(self.source_len, self.manifest_len, VERSION, self.binary_sha256, _RESERVED, MAGIC)

    @classmethod
    def parse(cls, data: bytes) -> Trailer:
        """Read the last 64 bytes of a file.

        Raises:
            TrailerError: when they are no trailer, or one of another version.
        """
        if len(data) != SIZE:
            raise TrailerError(f"no bundle: it has {len(data)} bytes, and a trailer alone has {SIZE}")
        source_len, manifest_len, version, digest, reserved, magic = _LAYOUT.unpack(data)
        if magic != MAGIC:
            raise TrailerError(f"no bundle: its last 8 bytes are not {MAGIC.decode()}")
        if version != VERSION:
            raise TrailerError(f"its trailer has the version {version}, and only {VERSION} is known here")
        if reserved != _RESERVED:
            raise TrailerError("its trailer is damaged: the reserved bytes are not zero")
        return cls(source_len, manifest_len, digest)
