"""Listing the content of an executable region."""

from __future__ import annotations

import marshal
import struct

import pytest

from dagfloe.format.contents import ARCHIVE_COOKIE, Part, read_parts
from dagfloe.format.errors import PackError
from dagfloe.format.payload import LINK, PLAIN, PROGRAM, Payload, ProgramFile

BOOTLOADER = b"\x7fELF" + bytes(96)


def archive(modules: dict[str, int], files: dict[str, bytes]) -> bytes:
    """A program with an archive of PyInstaller's, which holds modules of these sizes and these files."""
    table = [(name, (0, 0, size)) for name, size in modules.items()]
    code = b"PYZ\0" + bytes(4) + struct.pack("!i", 12 + sum(modules.values())) + bytes(sum(modules.values()))
    entries = {"PYZ.pyz": (b"z", code + marshal.dumps(table)), "start": (b"s", b"script")}
    entries |= {name: (b"x", content) for name, content in files.items()}
    content, rows = b"", b""
    for name, (kind, data) in entries.items():
        padded = name.encode() + bytes(16 - len(name) % 16)
        rows += struct.pack("!IIIIBc", 18 + len(padded), len(content), len(data), len(data), 0, kind) + padded
        content += data
    length = len(content) + len(rows) + 88
    cookie = struct.pack("!8sIIII64s", ARCHIVE_COOKIE, length, len(content), len(rows), 311, b"libpython3.11.so")
    return BOOTLOADER + content + rows + cookie


def test_one_file() -> None:
    """A one-file program is listed by its modules and files; the rest counts for PyInstaller."""
    program = archive({"json": 30, "tasks": 20}, {"data.txt": b"0123456789"})
    parts = {part.name: part for part in read_parts(program)}
    assert parts["json"] == Part("json", 30, 30, is_module=True)
    assert parts["tasks"] == Part("tasks", 20, 20, is_module=True)
    assert parts["data.txt"] == Part("data.txt", 10, 10)
    assert set(parts) == {"json", "tasks", "data.txt", "PyInstaller"}
    assert sum(part.packed for part in parts.values()) == len(program)


def test_payload() -> None:
    """A payload is listed by its files; its program is listed by its modules, which share its compressed size."""
    program = archive({"json": 4000, "tasks": 2000}, {})
    files = (
        ProgramFile("sales", PROGRAM, program),
        ProgramFile("_internal/lib.so", PLAIN, bytes(1000)),
        ProgramFile("_internal/link.so", LINK, b"lib.so"),
    )
    region = Payload("sales", "sales", files).pack(b"launcher" * 2)
    parts = {part.name: part for part in read_parts(region)}
    assert set(parts) == {"dagfloe", "_internal/lib.so", "json", "tasks", "PyInstaller"}
    assert parts["dagfloe"].size == 16
    assert (parts["json"].size, parts["tasks"].size) == (4000, 2000)
    assert 0 < parts["tasks"].packed < parts["json"].packed < 4000
    assert parts["_internal/lib.so"].packed < parts["_internal/lib.so"].size == 1000


def test_program_without_an_archive() -> None:
    """A program without an archive gives an error."""
    with pytest.raises(PackError, match="has no PyInstaller archive"):
        read_parts(BOOTLOADER)
