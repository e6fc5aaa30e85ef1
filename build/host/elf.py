"""Reads the requirements of an ELF file on its host. Pure.

It reads the parts that the host's loader reads, program headers and dynamic section, because section headers may be
stripped. It checks every offset, so damaged files give an `ElfError`. docs/adr/0004-own-code.md says why there is no
library for this.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.format.errors import ElfError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

_MAGIC = b"\x7fELF"
_MACHINES = {3: "i686", 21: "ppc64le", 22: "s390x", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB, _VERNEED, _VERNEEDNUM = 1, 5, 0x6FFFFFFE, 0x6FFFFFFF
#: Only damaged files have more entries in a table, or longer strings.
_MAX_ENTRIES, _MAX_STRING = 100_000, 4096


@dataclass(frozen=True, slots=True)
class Elf:
    """The requirements of an ELF file.

    Attributes:
        machine: the processor, as `platform.machine` names it.
        loader: the dynamic loader; empty for libraries and static programs.
        needed: the names of the libraries that it links to.
        versions: the symbol versions that it needs of these libraries, such as `GLIBC_2.17`.
    """

    machine: str
    loader: str = ""
    needed: tuple[str, ...] = ()
    versions: frozenset[str] = frozenset()


def read_elf(data: bytes | mmap) -> Elf | None:
    """Read a file.

    Args:
        data: the content of the file, in memory or mapped.

    Returns:
        Its requirements; None if it is not an ELF file.

    Raises:
        ElfError: if it begins as an ELF file does, but is damaged.
    """
    if data[: len(_MAGIC)] != _MAGIC:
        return None
    return _Reader(data).elf()


class _Reader:
    """Reads one file: of 32 or 64 bits, in either byte order."""

    def __init__(self, data: bytes | mmap) -> None:
        if data[4:5] not in (b"\1", b"\2") or data[5:6] not in (b"\1", b"\2"):
            raise ElfError("its header has no valid class or byte order")
        self._data = data
        self._is_wide = data[4] == 2
        self._order = "<" if data[5] == 1 else ">"

    def elf(self) -> Elf:
        _, machine = self._unpack("HH", 16)
        segments = [*self._segments()]
        self._load_segments = [segment for segment in segments if segment[0] == _LOAD]
        loader = ""
        dynamic: dict[int, list[int]] = {}
        for kind, offset, _, size in segments:
            if kind == _INTERP:
                loader = self._string(offset)
            elif kind == _DYNAMIC:
                dynamic = self._dynamic(offset, size)
        strings = self._offset(dynamic[_STRTAB][0]) if _STRTAB in dynamic else 0
        needed = tuple(self._string(strings + name) for name in dynamic.get(_NEEDED, ()))
        versions = frozenset(self._string(strings + name) for name in self._versions(dynamic))
        return Elf(_MACHINES.get(machine, f"machine-{machine}"), loader, needed, versions)

    def _segments(self) -> Iterator[tuple[int, int, int, int]]:
        """Type, offset, address and size in the file of every segment."""
        (start,) = self._unpack("Q", 32) if self._is_wide else self._unpack("I", 28)
        size, count = self._unpack("HH", 54 if self._is_wide else 42)
        for at in range(start, start + size * count, size or 1):
            if self._is_wide:
                kind, _, offset, address, _, length = self._unpack("IIQQQQ", at)
            else:
                kind, offset, address, _, length = self._unpack("IIIII", at)
            yield kind, offset, address, length

    def _dynamic(self, start: int, size: int) -> dict[int, list[int]]:
        """The values of the dynamic section, by tag."""
        layout, width = ("qQ", 16) if self._is_wide else ("iI", 8)
        values: dict[int, list[int]] = {}
        for number, at in enumerate(range(start, start + size, width)):
            tag, value = self._unpack(layout, at)
            if tag == 0:
                break
            if number >= _MAX_ENTRIES:
                raise ElfError("its dynamic section has no end")
            values.setdefault(tag, []).append(value)
        return values

    def _versions(self, dynamic: dict[int, list[int]]) -> Iterator[int]:
        """The offsets of the names of the needed versions, in the string table."""
        if _VERNEED not in dynamic or _VERNEEDNUM not in dynamic:
            return
        at = self._offset(dynamic[_VERNEED][0])
        left = _MAX_ENTRIES
        for _ in range(min(dynamic[_VERNEEDNUM][0], _MAX_ENTRIES)):
            _, count, _, first, following = self._unpack("HHIII", at)
            entry_at = at + first
            for _ in range(count):
                _, _, _, name, step = self._unpack("IHHII", entry_at)
                yield name
                left -= 1
                if left < 0:
                    raise ElfError("its list of needed versions has no end")
                entry_at += step
            if not following:
                return
            at += following

    def _offset(self, address: int) -> int:
        """The offset in the file of the byte that is loaded to an address."""
        for _, offset, start, size in self._load_segments:
            if start <= address < start + size:
                return offset + address - start
        raise ElfError(f"no segment is loaded to the address {address:#x}")

    def _string(self, at: int) -> str:
        end = self._data.find(b"\0", at, at + _MAX_STRING)
        if end < 0:
            raise ElfError(f"the string at offset {at:#x} has no end")
        return self._data[at:end].decode(errors="backslashreplace")

    def _unpack(self, layout: str, at: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self._order + layout, self._data, at)
        except (struct.error, OverflowError):
            raise ElfError(f"the file ends before offset {at:#x}") from None
