"""Reading the requirements of ELF files."""

from __future__ import annotations

import contextlib
import platform
import re
import struct
import subprocess
from pathlib import Path

import lz4.block
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.host.elf import Elf, read_elf
from dagfloe.format.errors import ElfError

#: A library that is installed wherever dagfloe is, because it packs bundle files.
REAL = Path(lz4.block._block.__file__).read_bytes()
SHELL = Path("/bin/sh").read_bytes()


def readelf(option: str, path: Path) -> str:
    """The output of `readelf` of binutils."""
    process = subprocess.run(
        ["readelf", "-W", option, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    return process.stdout


@pytest.mark.parametrize("path", [Path(lz4.block._block.__file__), Path("/bin/sh"), Path("/proc/self/exe").resolve()])
def test_as_readelf(path: Path) -> None:
    """Libraries, symbol versions and the loader are those that binutils finds."""
    elf = read_elf(path.read_bytes())
    assert elf is not None
    assert list(elf.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", path))
    assert elf.versions == set(re.findall(r"Name: (\S+)\s+Flags: \S+\s+Version:", readelf("-V", path)))
    assert elf.versions
    assert [elf.loader] * bool(elf.loader) == re.findall(r"program interpreter: (.*)\]", readelf("-l", path))
    assert elf.machine == platform.machine()


def test_section_headers_are_not_needed() -> None:
    """A file without section headers is read, because a host can load it."""
    stripped = bytearray(REAL)
    stripped[40:48], stripped[60:64] = bytes(8), bytes(4)
    assert read_elf(bytes(stripped)) == read_elf(REAL)


@pytest.mark.parametrize(("order", "byte"), [("<", 1), (">", 2)])
@pytest.mark.parametrize("is_wide", [True, False])
def test_every_class_and_byte_order(order: str, byte: int, is_wide: bool) -> None:
    """Files of 32 and 64 bits are read, in both byte orders."""
    loader = b"/lib/ld-musl-x.so.1\0"
    if is_wide:
        head = struct.pack(f"{order}HHIQQQIHHHHHH", 2, 183, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        segment = struct.pack(f"{order}IIQQQQQQ", 3, 4, 120, 0, 0, len(loader), len(loader), 1)
    else:
        head = struct.pack(f"{order}HHIIIIIHHHHHH", 2, 183, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        segment = struct.pack(f"{order}IIIIIIII", 3, 84, 0, 0, len(loader), len(loader), 4, 1)
    data = b"\x7fELF" + bytes([1 + is_wide, byte, 1]) + bytes(9) + head + segment + loader
    assert read_elf(data) == Elf("aarch64", "/lib/ld-musl-x.so.1")


def read(data: bytes) -> Elf | None:
    """Read a file that may be damaged: only an `ElfError` is allowed."""
    with contextlib.suppress(ElfError):
        return read_elf(data)
    return None


@given(st.binary(max_size=400), st.sampled_from([b"", b"\x7fELF", b"\x7fELF\2\1", b"\x7fELF\1\2", REAL[:64]]))
def test_any_bytes(data: bytes, head: bytes) -> None:
    """Any bytes are read or give an `ElfError`; bytes without the magic number are not an ELF file."""
    read(head + data)
    if not data.startswith(b"\x7fELF"):
        assert read_elf(data) is None


@given(st.sampled_from([REAL, SHELL]), st.data())
def test_truncated(whole: bytes, data: st.DataObject) -> None:
    """A file that is cut at any place is read or gives an `ElfError`."""
    read(whole[: data.draw(st.integers(0, len(whole)))])


@given(st.sampled_from([REAL, SHELL]), st.data())
def test_flipped(whole: bytes, data: st.DataObject) -> None:
    """A file with changed bytes, most of them in the headers, is read or gives an `ElfError`."""
    changed = bytearray(whole)
    offsets = st.integers(0, 4095) | st.integers(0, len(whole) - 1) | st.sampled_from(dynamic_section(whole))
    for offset, byte in data.draw(st.lists(st.tuples(offsets, st.integers(0, 255)), min_size=1, max_size=20)):
        changed[offset] = byte
    read(bytes(changed))


def dynamic_section(data: bytes) -> range:
    """The offsets of the dynamic section of a 64-bit file."""
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for at in range(start, start + size * count, size):
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", data, at)
        if kind == 2:
            return range(offset, offset + length)
    raise AssertionError("the file has no dynamic section")


def test_dynamic_section_without_an_end() -> None:
    """A dynamic section ends with its segment if it has no end of its own. A very long one gives an error."""
    entry = struct.pack("<qQ", 21, 0)  # DT_DEBUG, which has no meaning in a file
    for count in (3, 200_000):
        head = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        segment = struct.pack("<IIQQQQQQ", 2, 4, 120, 0, 0, count * len(entry), count * len(entry), 8)
        data = b"\x7fELF\2\1\1" + bytes(9) + head + segment + count * entry
        if count == 3:
            assert read_elf(data) == Elf("x86_64", "")
        else:
            with pytest.raises(ElfError, match="its dynamic section has no end"):
                read_elf(data)


def test_endless_lists() -> None:
    """Tables that contain themselves or are very long give an error."""
    endless = bytearray(REAL)
    rows = dynamic_section(REAL)
    (count_at,) = (
        at + 8 for at in rows[::16] if struct.unpack_from("<q", endless, at)[0] == 0x6FFFFFFF
    )  # DT_VERNEEDNUM
    struct.pack_into("<Q", endless, count_at, 2**64 - 1)
    assert read_elf(bytes(endless)) == read_elf(REAL), "the last entry ends the list, whatever its length is"
    # Every entry of the list is followed by itself, 65535 times.
    (list_at,) = (
        struct.unpack_from("<Q", REAL, at + 8)[0] for at in rows[::16] if REAL[at : at + 4] == b"\xfe\xff\xff\x6f"
    )
    struct.pack_into("<HHIII", endless, list_at, 1, 0xFFFF, 0, 16, 16)
    struct.pack_into("<IHHII", endless, list_at + 16, 0, 0, 0, 0, 0)
    struct.pack_into("<HHIII", endless, list_at + 16, 1, 0xFFFF, 0, 0, 0)
    with pytest.raises(ElfError):
        read_elf(bytes(endless))
