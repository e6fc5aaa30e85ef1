"""What is inside an executable region: the files of its payload, and the modules in PyInstaller's archive. Pure.

The archive is read as PyInstaller's own reader does; numbers in it are big-endian::

    archive  bootloader | entries | table | cookie
    cookie   MEI 0C 0B 0A 0B 0E | length of all but the bootloader | offset of the table | its length | Python | library
    table    length of this entry | offset | stored size | size | is compressed | kind | name, padded with zero bytes

Its entry of kind `z` holds the modules: PYZ 00 | magic number of Python | offset of their table, a marshalled list.
"""

from __future__ import annotations

import marshal
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lz4.block

from dagfloe.format.errors import PackError
from dagfloe.format.payload import FOOTER_BYTES, FOOTER_MAGIC, INDEX_MAGIC, LINK

if TYPE_CHECKING:
    from collections.abc import Iterator

_COOKIE = struct.Struct("!8sIIII64s")
_COOKIE_MAGIC = b"MEI\x0c\x0b\x0a\x0b\x0e"
_ENTRY = struct.Struct("!IIIIBc")
_NUMBER = struct.Struct("<Q")
_FILE = struct.Struct("<QQQQ32s")


@dataclass(frozen=True, slots=True)
class Part:
    """A file or a module in a program.

    Attributes:
        name: a file's path below the program's folder, or a module's dotted name.
        size: its bytes once it is unpacked.
        packed: the bytes that it takes in the bundle file.
        is_module: whether it is a module.
    """

    name: str
    size: int
    packed: int
    is_module: bool = False


def read_parts(region: bytes) -> list[Part]:
    """Everything in the executable region of a bundle file that was just built: do not call it for a stranger's.

    Raises:
        PackError: when it has neither a payload nor an archive.
    """
    if region[-8:] != FOOTER_MAGIC:
        return list(_archive_parts(region, len(region)))
    program, files = _read_index(region)
    launcher = min(offset for _, offset, _, _ in files)
    parts = [Part("dagfloe", launcher, launcher, is_module=True)]
    for path, offset, size, stored in files:
        if path != program:
            parts.append(Part(path, size, stored))
            continue
        content = region[offset : offset + stored]
        if stored < size:
            content = lz4.block.decompress(content, uncompressed_size=size)
        parts += _archive_parts(content, stored)
    return parts


def _read_index(region: bytes) -> tuple[str, list[tuple[str, int, int, int]]]:
    """The program's path; and path, offset, size and stored size of each file."""
    start, length = struct.unpack_from("<QQ", region, len(region) - FOOTER_BYTES)
    index = region[start : start + length]
    at = len(INDEX_MAGIC)

    def text() -> str:
        nonlocal at
        (length,) = _NUMBER.unpack_from(index, at)
        found = index[at + 8 : at + 8 + length]
        at += 8 + length + 1
        return found.decode(errors="backslashreplace")

    _, program, _, _, _ = (text() for _ in range(5))
    (count,) = _NUMBER.unpack_from(index, at)
    at += 8
    files = []
    for _ in range(count):
        kind, offset, size, stored, _ = _FILE.unpack_from(index, at)
        at += _FILE.size
        path = text()
        if kind != LINK:
            files.append((path, offset, size, stored))
    return program, files


def _archive_parts(program: bytes, packed: int) -> Iterator[Part]:
    """The parts of a program with an archive; what it is packed to is shared out by what they take in it."""
    cookie_at = program.rfind(_COOKIE_MAGIC)
    if cookie_at < 0:
        raise PackError("the program has no archive of PyInstaller's: it was made by another version of it")
    _, length, table_at, table_length, _, _ = _COOKIE.unpack_from(program, cookie_at)
    start = cookie_at + _COOKIE.size - length
    rest = len(program)

    def part(name: str, size: int, stored: int, *, is_module: bool = False) -> Part:
        nonlocal rest
        rest -= stored
        return Part(name, size, stored * packed // len(program), is_module)

    at, end = start + table_at, start + table_at + table_length
    while at < end:
        entry_length, offset, stored, size, _, kind = _ENTRY.unpack_from(program, at)
        name = program[at + _ENTRY.size : at + entry_length].rstrip(b"\0").decode()
        at += entry_length
        if kind == b"z":
            archive = program[start + offset : start + offset + stored]
            (modules_at,) = struct.unpack_from("!i", archive, 8)
            for module, (_, _, module_size) in marshal.loads(archive[modules_at:]):  # noqa: S302 - our own, just made
                yield part(module, module_size, module_size, is_module=True)
        elif kind in (b"b", b"x"):  # a library or a data file, of a program in one file
            yield part(name, size, stored)
    yield part("PyInstaller", rest, rest, is_module=True)  # the bootloader, and the scripts that begin
