"""The payload of a bundle file: a frozen program's files, and their index. The package's docstring draws it. Pure."""

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

#: Kinds of files.
PLAIN, PROGRAM, LINK = range(3)
_INDEX_MAGIC, _FOOTER_MAGIC = b"DFINDEX1", b"DAGFLOE1"
_NUMBER = struct.Struct("<Q")
_FILE = struct.Struct("<QQQQ32s")
_FOOTER = struct.Struct("<QQ32s8x8s")
#: Size of the footer.
FOOTER_BYTES = _FOOTER.size
_HEADER_STRINGS = 5
_ALIGNMENT = 16


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """A file of an unpacked program.

    Attributes:
        path: its path, relative to the program's folder.
        kind: `PLAIN`, `PROGRAM` (executable) or `LINK`.
        content: its content; for a link, the target.
    """

    path: str
    kind: int
    content: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An entry of a payload's index.

    Attributes:
        path: the file's path, relative to the program's folder.
        kind: `PLAIN`, `PROGRAM` or `LINK`.
        offset: the offset of its stored content in the executable region.
        size: the size of its content, in bytes.
        stored_size: the size of its stored content; less than `size` if it is compressed.
        digest: the digest of its content.
    """

    path: str
    kind: int
    offset: int
    size: int
    stored_size: int
    digest: bytes

    def read(self, region: bytes) -> bytes:
        """The file's content.

        Args:
            region: the executable region.
        """
        content = region[self.offset : self.offset + self.stored_size]
        if self.stored_size == self.size:
            return content
        unpacked: bytes = lz4.block.decompress(content, uncompressed_size=self.size)
        return unpacked


@dataclass(frozen=True, slots=True)
class Payload:
    """A program that the launcher unpacks and starts.

    Attributes:
        name: the bundle's name, for the launcher's messages.
        program: the path of the executable to start, relative to the program's folder.
        files: the files.
        cache_dir: the folder to unpack to; empty for the cache of the user that runs the bundle file.
        loader: the path of the C library's dynamic loader; empty if the program needs none.
        libc_version: the oldest version of the C library that the program runs with; empty for any.
    """

    name: str
    program: str
    files: tuple[ProgramFile, ...]
    cache_dir: str = ""
    loader: str = ""
    libc_version: str = ""

    def pack(self, launcher: bytes, earlier: bytes = b"") -> bytes:
        """The executable region: launcher, files, index and footer. Equal payloads give equal bytes.

        Args:
            launcher: the launcher.
            earlier: an executable region that this function made before; empty for none. A file that it holds is not
                compressed again.
        """
        region = bytearray(launcher)
        index = bytearray(_INDEX_MAGIC)
        for value in (self.name, self.program, self.cache_dir, self.loader, self.libc_version):
            index += _pack_string(value)
        index += _NUMBER.pack(len(self.files))
        # The largest first, so that the threads that pack or unpack them end at about the same time.
        files = sorted(self.files, key=lambda file: (-len(file.content), file.path))
        known = {file.digest: file for file in read_index(earlier)[1] if file.kind != LINK} if earlier else {}

        def store(file: ProgramFile) -> tuple[bytes, bytes]:
            digest = _digest(file.content)
            same = known.get(digest)
            if same is None or file.kind == LINK:
                return digest, _compress(file)
            return digest, earlier[same.offset : same.offset + same.stored_size]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            stored_contents = list(pool.map(store, files))
        for file, (digest, stored) in zip(files, stored_contents, strict=True):
            region += bytes(-len(region) % _ALIGNMENT)
            index += _FILE.pack(file.kind, len(region), len(file.content), len(stored), digest)
            index += _pack_string(file.path)
            region += stored
        return bytes(region + index) + _FOOTER.pack(len(region), len(index), _digest(bytes(index)), _FOOTER_MAGIC)


def has_payload(region: bytes) -> bool:
    """Whether an executable region ends with a payload.

    Args:
        region: the executable region, or its last bytes.
    """
    return region.endswith(_FOOTER_MAGIC)


def read_index(region: bytes) -> tuple[str, list[StoredFile]]:
    """Read the index of a payload that was just packed; damage is not detected.

    Args:
        region: the executable region.

    Returns:
        The path of the program, and the files.
    """
    start, length, _, _ = _FOOTER.unpack(region[-FOOTER_BYTES:])
    index = region[start : start + length]
    at = len(_INDEX_MAGIC)

    def read_string() -> str:
        nonlocal at
        (length,) = _NUMBER.unpack_from(index, at)
        at += _NUMBER.size + length + 1
        return index[at - length - 1 : at - 1].decode(errors="backslashreplace")

    _, program, *_ = [read_string() for _ in range(_HEADER_STRINGS)]
    (count,) = _NUMBER.unpack_from(index, at)
    at += _NUMBER.size
    files = []
    for _ in range(count):
        kind, offset, size, stored_size, digest = _FILE.unpack_from(index, at)
        at += _FILE.size
        files.append(StoredFile(read_string(), kind, offset, size, stored_size, digest))
    return program, files


def read_program(folder: Path) -> Iterator[ProgramFile]:
    """The files of a program's folder, sorted by path.

    Raises:
        PackError: if the folder holds something that is neither a file nor a link.
    """
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield ProgramFile(relative, LINK, os.fsencode(path.readlink()))
        elif path.is_file():
            yield ProgramFile(relative, PROGRAM if os.access(path, os.X_OK) else PLAIN, path.read_bytes())
        elif not path.is_dir():
            raise PackError(f"{relative} is neither a file nor a link: leave it out of the bundle")


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()


def _compress(file: ProgramFile) -> bytes:
    if file.kind == LINK:
        return file.content
    packed: bytes = lz4.block.compress(file.content, mode="high_compression", compression=9, store_size=False)
    return packed if len(packed) < len(file.content) else file.content


def _pack_string(value: str) -> bytes:
    data = os.fsencode(value)
    return _NUMBER.pack(len(data)) + data + b"\0"
