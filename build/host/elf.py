"""Reads from an ELF file what it needs of its host. Pure: bytes in, facts out.

Only what the host's loader itself goes by is read, the program headers and the dynamic section; section headers may be
stripped. Every offset is checked, so that damaged files end in an `ElfError`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.format.errors import ElfError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"\x7fELF"
_MACHINES = {3: "i686", 21: "ppc64le", 22: "s390x", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB, _VERNEED, _VERNEEDNUM = 1, 5, 0x6FFFFFFE, 0x6FFFFFFF
# More than any loader would want to go through: only damaged files have so many.
_MAX_ENTRIES = 100_000
_MAX_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Elf:
    """What an ELF file needs.

    Attributes:
        machine: the processor, as `platform.machine` names it.
        loader: the program that loads it; empty for libraries, and for programs that need none.
        needed: the names of the libraries that it is linked to.
        versions: the versions of symbols that it needs of these, such as `GLIBC_2.17`.
    """

    machine: str
    loader: str = ""
    needed: tuple[str, ...] = ()
    versions: frozenset[str] = frozenset()


def read_elf(data: bytes) -> Elf | None:
    """Read an ELF file; None when it is none.

    Raises:
        ElfError: when it begins as one, and is damaged.
    """
    if not data.startswith(_MAGIC):
        return None
    return _Reader(data).elf()


class _Reader:
    """Reads one file; 32 and 64 bits, of either byte order."""

    def __init__(self, data: bytes) -> None:
        if data[4:5] not in (b"\1", b"\2") or data[5:6] not in (b"\1", b"\2"):
            raise ElfError("it says neither 32 nor 64 bits, or no byte order")
        self._data = data
        self._is_wide = data[4] == 2
        self._order = "<" if data[5] == 1 else ">"

    def elf(self) -> Elf:
        _, machine = self._unpack("HH", 16)
        # Each segment: type, offset, address, size in the file.
        segments = [*self._segments()]
        self._loads = [segment for segment in segments if segment[0] == _LOAD]
        loader = ""
        dynamic: dict[int, list[int]] = {}
        for kind, offset, _, size in segments:
            if kind == _INTERP:
                loader = self._text(offset)
            elif kind == _DYNAMIC:
                dynamic = self._dynamic(offset, size)
        texts = self._offset(dynamic[_STRTAB][0]) if _STRTAB in dynamic else 0
        needed = tuple(self._text(texts + name) for name in dynamic.get(_NEEDED, ()))
        versions = frozenset(self._text(texts + name) for name in self._versions(dynamic))
        return Elf(_MACHINES.get(machine, f"machine-{machine}"), loader, needed, versions)

    def _segments(self) -> Iterator[tuple[int, int, int, int]]:
        (start,) = self._unpack("Q", 32) if self._is_wide else self._unpack("I", 28)
        size, count = self._unpack("HH", 54 if self._is_wide else 42)
        for at in range(start, start + size * count, size or 1):
            if self._is_wide:
                kind, _, offset, address, _, length = self._unpack("IIQQQQ", at)
            else:
                kind, offset, address, _, length = self._unpack("IIIII", at)
            yield kind, offset, address, length

    def _dynamic(self, start: int, size: int) -> dict[int, list[int]]:
        """The values of the dynamic section, by their tags."""
        layout, width = ("qQ", 16) if self._is_wide else ("iI", 8)
        found: dict[int, list[int]] = {}
        for number, at in enumerate(range(start, start + size, width)):
            tag, value = self._unpack(layout, at)
            if tag == 0:
                break
            if number >= _MAX_ENTRIES:
                raise ElfError("its dynamic section has no end")
            found.setdefault(tag, []).append(value)
        return found

    def _versions(self, dynamic: dict[int, list[int]]) -> Iterator[int]:
        """Where, in the table of texts, the names of the needed versions are."""
        if _VERNEED not in dynamic or _VERNEEDNUM not in dynamic:
            return
        at = self._offset(dynamic[_VERNEED][0])
        left = _MAX_ENTRIES
        for _ in range(min(dynamic[_VERNEEDNUM][0], _MAX_ENTRIES)):
            _, count, _, first, following = self._unpack("HHIII", at)
            part = at + first
            for _ in range(count):
                _, _, _, name, step = self._unpack("IHHII", part)
                yield name
                left -= 1
                if left < 0:
                    raise ElfError("its list of needed versions has no end")
                part += step
            if not following:
                return
            at += following

    def _offset(self, address: int) -> int:
        """Where in the file is what will be at an address."""
        for _, offset, start, size in self._loads:
            if start <= address < start + size:
                return offset + address - start
        raise ElfError(f"what should be loaded to {address:#x} is not in it")

    def _text(self, at: int) -> str:
        end = self._data.find(b"\0", at, at + _MAX_TEXT)
        if end < 0:
            raise ElfError("it has a name without an end")
        return self._data[at:end].decode(errors="backslashreplace")

    def _unpack(self, layout: str, at: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self._order + layout, self._data, at)
        except (struct.error, OverflowError):
            raise ElfError(f"it is cut short: it should go on at {at:#x}") from None
