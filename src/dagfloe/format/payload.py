"""The payload of a bundle file: an unpacked program's files behind the launcher, and the index of them. Pure.

The executable region of a bundle file with a launcher, numbers being 64-bit and little-endian::

    launcher | files | index | footer

    footer  offset of the index | its length | its digest, 32 | 8 zero bytes | DAGFLOE1
    index   DFINDEX1 | name | program | cache folder | loader | C library's version | number of files | files
    file    kind (0 plain, 1 executable, 2 link) | offset | size | stored size | digest of the content, 32 | path
    text    length | UTF-8 | zero byte

A file is stored as an LZ4 block, or as it is when that is not shorter: then size and stored size are equal. Digests are
BLAKE2b of 32 bytes. That of the index is the entry's name in the store: equal programs have equal ones.
"""

from __future__ import annotations

import hashlib
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lz4.block

from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAIN, PROGRAM, LINK = range(3)
FOOTER_BYTES = 64
INDEX_MAGIC, FOOTER_MAGIC = b"DFINDEX1", b"DAGFLOE1"
_NUMBER = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """One file of an unpacked program.

    Attributes:
        path: below the program's folder.
        kind: `PLAIN`, `PROGRAM` (executable) or `LINK`.
        content: the content; of a link, its target.
    """

    path: str
    kind: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Payload:
    """What the launcher unpacks and starts.

    Attributes:
        name: the bundle's name, for messages.
        program: the path, below the folder, of what is started.
        files: all files.
        cache_dir: where it is unpacked, unless the environment says otherwise; empty for the user's cache.
        loader: the loader of the C library that it needs, empty for none.
        libc_version: the version of the C library that it needs, empty for any.
    """

    name: str
    program: str
    files: tuple[ProgramFile, ...]
    cache_dir: str = ""
    loader: str = ""
    libc_version: str = ""

    def pack(self, launcher: bytes) -> bytes:
        """The executable region: launcher, files, index and footer. Equal payloads give equal bytes."""
        region = bytearray(launcher)
        index = bytearray(INDEX_MAGIC)
        for text in (self.name, self.program, self.cache_dir, self.loader, self.libc_version):
            index += _text(text)
        index += _NUMBER.pack(len(self.files))
        # The largest first, so that those who pack or unpack side by side end together.
        files = sorted(self.files, key=lambda file: (-len(file.content), file.path))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            packed = list(pool.map(_stored, files))
        for file, stored in zip(files, packed, strict=True):
            region += bytes(-len(region) % 16)
            numbers = (file.kind, len(region), len(file.content), len(stored))
            index += b"".join(map(_NUMBER.pack, numbers)) + digest(file.content) + _text(file.path)
            region += stored
        footer = _NUMBER.pack(len(region)) + _NUMBER.pack(len(index)) + digest(bytes(index)) + bytes(8) + FOOTER_MAGIC
        return bytes(region + index) + footer


def read_program(folder: Path) -> Iterator[ProgramFile]:
    """The files of a program's folder, in the order of their paths.

    Raises:
        PackError: when there is something that is neither a file nor a link.
    """
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield ProgramFile(relative, LINK, os.fsencode(path.readlink()))
        elif path.is_file():
            yield ProgramFile(relative, PROGRAM if os.access(path, os.X_OK) else PLAIN, path.read_bytes())
        elif not path.is_dir():
            raise PackError(f"{relative} is neither a file nor a link: leave it out of the bundle")


def digest(data: bytes) -> bytes:
    """BLAKE2b of 32 bytes."""
    return hashlib.blake2b(data, digest_size=32).digest()


def entry_id(region: bytes) -> str:
    """The name in the store of what an executable region holds.

    Raises:
        PackError: when it ends with no footer.
    """
    footer = region[-FOOTER_BYTES:]
    if len(footer) != FOOTER_BYTES or footer[-8:] != FOOTER_MAGIC:
        raise PackError("it has no payload: it is a bundle of another SDK, or one in the one-file form")
    return footer[16:48].hex()


def _stored(file: ProgramFile) -> bytes:
    if file.kind == LINK:
        return file.content
    packed: bytes = lz4.block.compress(file.content, mode="high_compression", compression=9, store_size=False)
    return packed if len(packed) < len(file.content) else file.content


def _text(text: str) -> bytes:
    data = os.fsencode(text)
    return _NUMBER.pack(len(data)) + data + b"\0"
