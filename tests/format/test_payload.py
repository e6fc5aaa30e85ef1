"""Packing a program's files, and reading their index."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import lz4.block
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.format.errors import PackError
from dagfloe.format.payload import (
    FOOTER_BYTES,
    LINK,
    PLAIN,
    PROGRAM,
    Payload,
    ProgramFile,
    has_payload,
    read_index,
    read_program,
)

if TYPE_CHECKING:
    from pathlib import Path

contents = st.binary(max_size=50) | st.integers(0, 5000).map(lambda size: b"0123456789" * size)
paths = st.text("abc/.é-", min_size=1, max_size=12)
files = st.builds(ProgramFile, paths, st.sampled_from([PLAIN, PROGRAM, LINK]), contents)


@given(st.lists(files, min_size=1, unique_by=lambda file: file.path), st.binary(max_size=40))
def test_round_trip(program_files: list[ProgramFile], launcher: bytes) -> None:
    """The index leads to the content of every file, whatever the order of the files."""
    payload = Payload("sales", program_files[0].path, tuple(program_files), cache_dir="/var/cache")
    region = payload.pack(launcher)
    assert region.startswith(launcher)
    assert has_payload(region)
    assert has_payload(region[-FOOTER_BYTES:])
    program, stored = read_index(region)
    assert program == program_files[0].path
    assert {file.path: (file.kind, file.read(region)) for file in stored} == {
        file.path: (file.kind, file.content) for file in program_files
    }
    assert all(file.offset % 16 == 0 and file.stored_size <= file.size for file in stored)
    reverse = Payload("sales", program_files[0].path, tuple(reversed(program_files)), cache_dir="/var/cache")
    assert reverse.pack(launcher) == region


@given(st.lists(files, min_size=1, unique_by=lambda file: file.path), st.integers(0))
def test_earlier_region(program_files: list[ProgramFile], split: int) -> None:
    """What an earlier region holds under any name is taken from it, which changes no byte."""
    known = [ProgramFile(f"old {file.path}", file.kind, file.content) for file in program_files]
    earlier = Payload("sales", "run", tuple(known[split % len(known) :])).pack(b"other launcher")
    payload = Payload("sales", "run", tuple(program_files))
    assert payload.pack(b"launcher", earlier) == payload.pack(b"launcher")


def test_earlier_region_saves_work() -> None:
    """A file that an earlier region holds is not compressed again."""
    content = bytes(range(256)) * 1000
    payload = Payload("sales", "run", (ProgramFile("run", PROGRAM, content),))
    region = payload.pack(b"")
    _, (file,) = read_index(region)
    # The same content in the other, longer form of LZ4 shows where it comes from.
    longer = lz4.block.compress(content, mode="fast", acceleration=100, store_size=False)
    assert file.stored_size < len(longer) < len(content)
    index = region[file.offset + file.stored_size : -FOOTER_BYTES].replace(
        file.stored_size.to_bytes(8, "little"), len(longer).to_bytes(8, "little")
    )
    start = file.offset + len(longer)
    footer = start.to_bytes(8, "little") + region[-FOOTER_BYTES + 8 :]
    _, (again,) = read_index(payload.pack(b"", longer + index + footer))
    assert again.stored_size == len(longer)


def test_program_folder(tmp_path: Path) -> None:
    """A program's folder is read with its modes and links."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "data.txt").write_bytes(b"data")
    (tmp_path / "run").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "link").symlink_to("lib/data.txt")
    assert list(read_program(tmp_path)) == [
        ProgramFile("lib/data.txt", PLAIN, b"data"),
        ProgramFile("link", LINK, b"lib/data.txt"),
        ProgramFile("run", PROGRAM, b"#!/bin/sh\n"),
    ]


def test_other_kinds_of_files(tmp_path: Path) -> None:
    """A program's folder with a pipe is refused."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PackError, match="pipe is neither a file nor a link"):
        list(read_program(tmp_path))
