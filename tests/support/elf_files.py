"""Small ELF files."""

from __future__ import annotations

import struct

GLIBC, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"


def elf(*versions: str, loader: str = "", machine: int = 62) -> bytes:
    """A small ELF file that needs these symbol versions. Its addresses are its offsets."""
    strings = b"\0" + b"".join(version.encode() + b"\0" for version in versions)
    starts = [1 + sum(len(version) + 1 for version in versions[:number]) for number in range(len(versions))]
    segments = 3 if loader else 2
    strings_at = 64 + 56 * segments
    list_at = strings_at + len(strings)
    parts = [
        struct.pack("<IHHII", 0, 0, 2, start, 16 * (number + 1 < len(starts))) for number, start in enumerate(starts)
    ]
    needs = struct.pack("<HHIII", 1, len(versions), 0, 16, 0) + b"".join(parts)
    dynamic_at = list_at + len(needs)
    dynamic = struct.pack("<qQqQqQqQ", 5, strings_at, 0x6FFFFFFE, list_at, 0x6FFFFFFF, 1, 0, 0)
    loader_at = dynamic_at + len(dynamic)
    size = loader_at + len(loader) + 1
    table = [(1, 0, size), (2, dynamic_at, len(dynamic))] + [(3, loader_at, len(loader) + 1)] * bool(loader)
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, segments, 0, 0, 0)
    rows = b"".join(struct.pack("<IIQQQQQQ", kind, 4, at, at, at, length, length, 1) for kind, at, length in table)
    return head + rows + strings + needs + dynamic + loader.encode() + b"\0"
