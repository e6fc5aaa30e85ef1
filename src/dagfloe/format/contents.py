"""Lists the content of an executable region: the files of its payload, and the modules in PyInstaller's archive. Pure.

The package's docstring draws both.
"""

from __future__ import annotations

import marshal
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.format.errors import PackError
from dagfloe.format.payload import LINK, has_payload, read_index

if TYPE_CHECKING:
    from collections.abc import Iterator

#: PyInstaller finds its archive by the last of these bytes in a file.
ARCHIVE_COOKIE = b"MEI\x0c\x0b\x0a\x0b\x0e"
_COOKIE = struct.Struct("!8sIIII64s")
_ENTRY = struct.Struct("!IIIIBc")
_MODULES_OFFSET_AT = 8
#: Kinds of archive entries.
_MODULES, _LIBRARY, _DATA = b"z", b"b", b"x"


@dataclass(frozen=True, slots=True)
class Part:
    """A file or a module in a program.

    Attributes:
        name: a file's path relative to the program's folder, or a module's dotted name.
        size: its size once it is unpacked, in bytes.
        packed: the bytes that it takes in the bundle file.
        is_module: whether it is a module.
    """

    name: str
    size: int
    packed: int
    is_module: bool = False


def read_parts(region: bytes) -> list[Part]:
    """List everything in the executable region of a bundle file that was just built.

    Do not call it for files of others: damage is not detected, and it unmarshals data.

    Raises:
        PackError: if the region has neither a payload nor an archive.
    """
    if not has_payload(region):
        return list(_archive_parts(region, len(region)))
    program, files = read_index(region)
    files = [file for file in files if file.kind != LINK]
    launcher_size = min(file.offset for file in files)
    parts = [Part("dagfloe", launcher_size, launcher_size, is_module=True)]
    for file in files:
        if file.path == program:
            parts += _archive_parts(file.read(region), file.stored_size)
        else:
            parts.append(Part(file.path, file.size, file.stored_size))
    return parts


def _archive_parts(program: bytes, packed: int) -> Iterator[Part]:
    """The parts of a program with an archive. They share its packed size in proportion to their sizes."""
    cookie_at = program.rfind(ARCHIVE_COOKIE)
    if cookie_at < 0:
        raise PackError("the frozen program has no PyInstaller archive: install a PyInstaller that dagfloe supports")
    _, length, table_at, table_length, _, _ = _COOKIE.unpack_from(program, cookie_at)
    start = cookie_at + _COOKIE.size - length
    rest = len(program)

    def part(name: str, size: int, stored_size: int, *, is_module: bool = False) -> Part:
        nonlocal rest
        rest -= stored_size
        return Part(name, size, stored_size * packed // len(program), is_module)

    at, end = start + table_at, start + table_at + table_length
    while at < end:
        entry_length, offset, stored_size, size, _, kind = _ENTRY.unpack_from(program, at)
        name = program[at + _ENTRY.size : at + entry_length].rstrip(b"\0").decode()
        at += entry_length
        if kind == _MODULES:
            archive = program[start + offset : start + offset + stored_size]
            (modules_at,) = struct.unpack_from("!i", archive, _MODULES_OFFSET_AT)
            for module, (_, _, module_size) in marshal.loads(archive[modules_at:]):  # noqa: S302 - PyInstaller wrote it
                yield part(module, module_size, module_size, is_module=True)
        elif kind in (_LIBRARY, _DATA):  # only a one-file program has them in its archive
            yield part(name, size, stored_size)
    yield part("PyInstaller", rest, rest, is_module=True)  # the bootloader and the scripts
