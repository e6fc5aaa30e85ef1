"""Parts of the launcher, one by one under sanitizers: they agree with known results and withstand any input."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import struct
from typing import TYPE_CHECKING, Any

import lz4.block  # type: ignore[import-untyped,unused-ignore]
import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.dag_processor.answers import pack_answers
from dagfloe.format.payload import FOOTER_BYTES, LINK, PLAIN, PROGRAM, Payload, ProgramFile
from dagfloe.format.trailer import Trailer
from dagfloe.runtime.stored_answers import find_answer
from support.sanitized_launcher import Parts, compile_parts
from support.strategies import message_bodies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE_BYTES = 4096
FILES = (
    ProgramFile("tiny", PROGRAM, b"#!/bin/sh\n"),
    ProgramFile("lib/repeated", PLAIN, b"0123456789" * 50),
    ProgramFile("lib/deep/plain", PLAIN, b"some data\n"),
    ProgramFile("lib/empty", PLAIN, b""),
    ProgramFile("lib/link", LINK, b"deep/plain"),
)
#: What replaces a byte in turn.
CHANGES = (0x01, 0x80, 0xFF)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """A process with all parts."""
    with Parts(compile_parts(tmp_path_factory.mktemp("parts") / "parts")) as process:
        yield process


def digest(data: bytes) -> bytes:
    """BLAKE2b of 32 bytes."""
    return hashlib.blake2b(data, digest_size=32).digest()


# Digests


@given(data=st.binary(max_size=600) | st.integers(0, 1000).map(bytes))
def test_digest(parts: Parts, data: bytes) -> None:
    """The digest is BLAKE2b's of 32 bytes."""
    assert parts.digest(data) == digest(data)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 255, 256, 257, 100_000])
def test_digest_of_whole_blocks(parts: Parts, size: int) -> None:
    """The last block may be full, and is not an extra one."""
    data = bytes(range(256)) * (size // 256 + 1)
    assert parts.digest(data[:size]) == digest(data[:size])


# LZ4 blocks


contents = st.binary(max_size=400) | st.builds(
    lambda pieces, times: b"".join(pieces) * times, st.lists(st.binary(max_size=30), max_size=5), st.integers(1, 400)
)


@given(data=contents, compression=st.sampled_from([0, 3, 9, 12]))
def test_decode(parts: Parts, data: bytes, compression: int) -> None:
    """The launcher decodes what LZ4 encodes."""
    mode = {"mode": "high_compression", "compression": compression} if compression else {}
    block = lz4.block.compress(data, store_size=False, **mode)
    assert parts.decode(block, len(data)) == data


def test_every_cut_and_every_changed_byte_of_a_block(parts: Parts) -> None:
    """A block that is cut is refused; one with a changed byte is refused or has a content of the right size."""
    data = b"abcabcabc" * 40 + bytes(range(64)) + b"x" * 300
    block = lz4.block.compress(data, store_size=False)
    assert parts.decode(block, len(data)) == data
    assert [size for size in range(len(block)) if parts.decode(block[:size], len(data)) is not None] == []
    for damaged in changed(block):
        content = parts.decode(damaged, len(data))
        assert content is None or len(content) == len(data)


@pytest.mark.parametrize("difference", [-300, -1, 1, 300])
def test_block_of_another_size(parts: Parts, difference: int) -> None:
    """A block is refused if its content is shorter or longer than the index says."""
    data = b"abc" * 200
    assert parts.decode(lz4.block.compress(data, store_size=False), len(data) + difference) is None


@given(block=st.binary(max_size=200), size=st.integers(0, 5000))
def test_any_bytes_as_a_block(parts: Parts, block: bytes, size: int) -> None:
    """Any bytes are refused or have a content of the right size."""
    content = parts.decode(block, size)
    assert content is None or len(content) == size


def changed(data: bytes) -> Iterator[bytes]:
    """Copies of bytes, each with one changed byte."""
    for position, byte in enumerate(data):
        for change in CHANGES:
            yield data[:position] + bytes([byte ^ change]) + data[position + 1 :]


# Bundle files


def bundle_file(region: bytes) -> bytes:
    """A bundle file with an executable region."""
    source, manifest = b"source\n", b"manifest: true\n"
    return region + source + manifest + Trailer(len(source), len(manifest), hashlib.sha256(region).digest()).pack()


def region_of(files: tuple[ProgramFile, ...] = FILES, program: str = "tiny") -> bytes:
    """An executable region, with a few bytes as its launcher."""
    return Payload("tiny", program, files, "/cache", "/lib/ld.so", "2.17").pack(b"launcher")


def index_of(region: bytes) -> tuple[bytes, bytes]:
    """What precedes the index of an executable region, and the index."""
    offset, length = struct.unpack_from("<QQ", region, len(region) - FOOTER_BYTES)
    return region[:offset], region[offset : offset + length]


def with_index(before: bytes, index: bytes) -> bytes:
    """A bundle file with an index, and a footer that belongs to it."""
    footer = struct.pack("<QQ", len(before), len(index)) + digest(index) + bytes(8) + b"DAGFLOE1"
    return bundle_file(before + index + footer)


def test_bundle(parts: Parts) -> None:
    """The launcher reads the values and files that the payload has."""
    region = region_of()
    lines = parts.parse(bundle_file(region))
    assert lines is not None
    assert lines[:6] == [digest(index_of(region)[1]).hex(), "tiny", "tiny", "/cache", "/lib/ld.so", "2.17"]
    assert sorted(lines[6:]) == sorted(f"{file.kind} {len(file.content)} 1 {file.path}" for file in FILES)


def test_every_cut_of_a_bundle(parts: Parts) -> None:
    """A file that was copied only in part is refused, wherever it ends."""
    data = bundle_file(region_of())
    assert [size for size in range(len(data)) if parts.parse(data[:size]) is not None] == []


def test_every_changed_byte_of_a_bundle(parts: Parts) -> None:
    """A changed byte is refused, or changes only what the launcher does not read or the content of a file."""
    data = bundle_file(region_of())
    before = parts.parse(data)
    assert before is not None
    for damaged in changed(data):
        lines = parts.parse(damaged)
        assert lines is None or lines[:6] == before[:6]


def test_every_cut_of_an_index(parts: Parts) -> None:
    """An index that ends too early is refused, even with the right digest."""
    before, index = index_of(region_of())
    assert parts.parse(with_index(before, index)) is not None
    assert [size for size in range(len(index)) if parts.parse(with_index(before, index[:size])) is not None] == []
    assert parts.parse(with_index(before, index + b"\0")) is None


def test_every_changed_byte_of_an_index(parts: Parts) -> None:
    """An index with a changed byte and the right digest is refused, or its paths stay inside the entry."""
    before, index = index_of(region_of())
    for damaged in changed(index):
        lines = parts.parse(with_index(before, damaged))
        if lines is not None:
            assert all(is_inside(line.split(" ", 3)[3]) for line in lines[6:])


@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6), cut=st.integers(0, 50))
def test_damaged_index(parts: Parts, changes: list[tuple[int, int]], cut: int) -> None:
    """So is an index with several changed bytes."""
    before, index = index_of(region_of())
    damaged = bytearray(index[: len(index) - cut])
    for position, byte in changes:
        damaged[position % len(damaged)] = byte
    lines = parts.parse(with_index(before, bytes(damaged)))
    assert lines is None or all(is_inside(line.split(" ", 3)[3]) for line in lines[6:])


@given(data=st.binary(max_size=400))
def test_any_bytes_as_a_bundle(parts: Parts, data: bytes) -> None:
    """Any bytes are refused, with and without the magic of a trailer at the end."""
    assert parts.parse(data) is None
    assert parts.parse(data + bytes(8) + b"DAGFLOE1" + bytes(56) + b"AFBNDL01") is None


@pytest.mark.parametrize("region_size", [0, 1, 62, 63, 64, 65])
def test_trailer_that_leaves_no_footer(parts: Parts, region_size: int) -> None:
    """A trailer is refused if it leaves too little for a footer, or more than there is."""
    data = b"DAGFLOE1" * 100
    for sizes in ((len(data) - region_size, 0), (0, len(data) - region_size), (2**32 - 1, 2**32 - 1)):
        assert parts.parse(data + Trailer(*sizes, bytes(32)).pack()) is None


def number(value: int) -> bytes:
    """A number of the index."""
    return struct.pack("<Q", value)


def string(text: bytes) -> bytes:
    """A string of the index."""
    return number(len(text)) + text + b"\0"


CONTENT = b"content"


@pytest.mark.parametrize(
    ("kind", "offset", "size", "stored_size"),
    [
        (3, 0, 7, 7),
        (0, 2**64 - 1, 7, 7),
        (0, 0, 7, 2**64 - 1),
        (0, 7, 7, 2**64 - 7),
        (0, 0, 2**63, 7),
        (2, 0, 6, 7),
        (2, 0, 2**32, 2**32),
    ],
)
def test_impossible_numbers(parts: Parts, kind: int, offset: int, size: int, stored_size: int) -> None:
    """A file is refused if its kind is unknown, or its content cannot be in the payload or in memory."""

    def parse(*numbers: int) -> list[str] | None:
        values = b"".join(map(string, (b"tiny", b"tiny", b"", b"", b"")))
        file = b"".join(map(number, numbers)) + digest(CONTENT) + string(b"tiny")
        return parts.parse(with_index(CONTENT, b"DFINDEX1" + values + number(1) + file))

    assert parse(0, 0, 7, 7) is not None
    assert parse(kind, offset, size, stored_size) is None


def test_content_beyond_the_payload(parts: Parts) -> None:
    """A content may end where the executable region ends, and no byte later."""
    values = b"DFINDEX1" + b"".join(map(string, (b"tiny", b"tiny", b"", b"", b"")))
    for count in (0, 1, 1_000_000, 1_000_001, 2**64 - 1):
        assert (parts.parse(with_index(CONTENT, values + number(count))) is not None) == (count == 0)

    def parse(offset: int, size: int) -> list[str] | None:
        file = b"".join(map(number, (0, offset, size, size))) + digest(b"") + string(b"tiny")
        return parts.parse(with_index(CONTENT, values + number(1) + file))

    region_size = len(CONTENT + values) + 8 + 4 * 8 + 32 + 8 + len(b"tiny\0") + FOOTER_BYTES
    for offset in (0, region_size - 1, region_size):
        assert parse(offset, region_size - offset) is not None
        assert parse(offset, region_size - offset + 1) is None
    assert parse(region_size + 1, 0) is None
    assert parse(region_size + 1, 2**62) is None


# Paths


def is_inside(path: str) -> bool:
    """Whether a path is relative and has only ordinary parts."""
    return not {"", ".", ".."} & set(path.split("/"))


@given(names=st.lists(st.sampled_from(["a", "b.c", "..", ".", "...", "", ".a", "é"]), min_size=1, max_size=5))
def test_paths(parts: Parts, names: list[str]) -> None:
    """A path that may lead out of the entry is refused, of a file and of the program."""
    path = "/".join(names)
    files = (*FILES, ProgramFile(path, PLAIN, b"x"))
    assert (parts.parse(bundle_file(region_of(files))) is not None) == is_inside(path)
    assert (parts.parse(bundle_file(region_of(program=path))) is not None) == is_inside(path)


@pytest.mark.parametrize(("length", "is_accepted"), [(4095, True), (4096, False), (10_000, False)])
def test_long_paths(parts: Parts, length: int, *, is_accepted: bool) -> None:
    """A path must fit the kernel's limit, and so must the target of a link."""
    name = ("a" * 99 + "/") * 100
    path = name[: length - 1] + "b"
    assert (parts.parse(bundle_file(region_of((ProgramFile(path, PLAIN, b"x"),)))) is not None) is is_accepted
    link = ProgramFile("link", LINK, path.encode())
    assert (parts.parse(bundle_file(region_of((link,)))) is not None) is is_accepted


# Hosts


def expected_version(text: bytes) -> int:
    """A version as the launcher counts it: 2.34 is 2034."""
    match = re.match(rb"0*(\d{1,3})(?!\d)\.(\d*)", text)
    if match is None or int(match[1]) == 0 or int(match[2] or b"0") > 999:
        return 0
    return int(match[1]) * 1000 + int(match[2] or b"0")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"2.34", 2034),
        (b"2.34.1", 2034),
        (b"2.5\0", 2005),
        (b"2.", 2000),
        (b"2", 0),
        (b"", 0),
        (b"PRIVATE", 0),
        (b"-2.34", 0),
        (b"2.1000", 0),
        (b"99999999999999999999.1", 0),
        (b"2.99999999999999999999", 0),
    ],
)
def test_versions(parts: Parts, text: bytes, number: int) -> None:
    """A version is two numbers; anything else is 0, however large it is."""
    assert parts.version(text) == number == expected_version(text)


@given(text=st.text("0123456789.x", max_size=30))
def test_any_version(parts: Parts, text: str) -> None:
    """No text is read beyond its end."""
    assert parts.version(text.encode()) == expected_version(text.encode())


def test_version_of_this_c_library(parts: Parts) -> None:
    """The version of this host's glibc is the one that Python knows."""
    name, version = platform.libc_ver()
    assert name == "glibc"
    major, minor = map(int, version.split("."))
    assert parts.host_problem(version.encode()) == ""
    problem = parts.host_problem(f"{major}.{minor + 1}".encode())
    assert problem.startswith(f"the bundle needs glibc {major}.{minor + 1} or newer, but this host has {version}: ")


def test_every_cut_of_a_c_library(parts: Parts, tmp_path: Path) -> None:
    """A library is not read beyond its end, even if that is the end of a page of memory in the middle of a version."""
    path = tmp_path / "libc.so.6"
    strings = b"\0GLIBC_2.2.5\0GLIBC_2.36\0GLIBC_PRIVATE\0GLIBC_2.17\0stable release version 2.38.\n" + b"0" * 40
    for size in range(len(strings) + 1):
        path.write_bytes(bytes(PAGE_BYTES - size) + strings[:size])
        found = re.findall(rb"(?:GLIBC_| release version )([\d.]*)", strings[:size])
        versions = [expected_version(version) for version in found]
        assert parts.libc_version(path) == max(versions, default=0)
    assert parts.libc_version(tmp_path / "missing") == 0
    path.write_bytes(b"")
    assert parts.libc_version(path) == 0


@pytest.mark.parametrize(
    ("strings", "version"),
    [
        pytest.param(
            b"GLIBC_2.29\0GLIBC_2.30\0GNU C Library (Debian GLIBC 2.31-13) stable release version 2.31.\n",
            "2.31",
            id="a release without new symbols",
        ),
        pytest.param(b"GLIBC_2.29\0GLIBC_2.30\0", "2.30", id="without its words"),
        pytest.param(b"a program, stable release version 2.31.\n", "0", id="not a glibc"),
    ],
)
def test_version_of_a_c_library(parts: Parts, tmp_path: Path, strings: bytes, version: str) -> None:
    """The version is the release that the library names: a message must not call glibc 2.31 an older one."""
    path = tmp_path / "libc.so.6"
    path.write_bytes(strings)
    assert parts.libc_version(path) == expected_version(version.encode())


# First frames


names = st.sampled_from(["type", "file", "bundle_path", "x", "y" * 40]) | st.text(max_size=3)


@given(st.dictionaries(names, message_bodies))
def test_first_frames(parts: Parts, body: dict[str, Any]) -> None:
    """A first frame with the id 0 and the strings that the launcher needs is found, whatever else it contains."""
    expect_strings(parts, body)


@given(message_bodies, st.text("abc/é", max_size=300), st.text("abc/é", max_size=70_000))
def test_requests(parts: Parts, body: dict[str, Any], kind: str, file: str) -> None:
    """Strings of any length are found, before and after other fields."""
    expect_strings(parts, {"type": kind, **body, "file": file})


def expect_strings(parts: Parts, body: dict[str, Any]) -> None:
    """Compare what the launcher finds in a body with what the body contains."""
    strings = [body.get("type"), body.get("file"), body.get("bundle_path", "")]
    expected = [str(string).encode() for string in strings] if all(isinstance(s, str) for s in strings) else None
    assert parts.first_frame(pack_frame([0, body, None])) == expected
    assert parts.first_frame(pack_frame([1, body])) is None
    assert parts.first_frame(pack_frame(body)) is None


def pack_frame(frame: object) -> bytes:
    """The payload of a frame."""
    payload: bytes = msgpack.packb(frame, datetime=True)
    return payload


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda data: b"\x93\x00\x8f" + data))
def test_any_first_frame(parts: Parts, data: bytes) -> None:
    """No bytes are read beyond the end of a frame, and nothing is found that is not in it."""
    found = parts.first_frame(data)
    assert found is None or all(string in data for string in found)


def test_every_cut_of_a_request(parts: Parts) -> None:
    """A frame that ends early has no strings."""
    frame = pack_frame([0, {"a": {"b": [1.5, None, "x" * 300, 2**40, b"x"]}, "type": "T", "file": "/f"}])
    assert parts.first_frame(frame) == [b"T", b"/f", b""]
    for size in range(len(frame)):
        assert parts.first_frame(frame[:size]) is None


METADATA: dict[str, Any] = {
    "sdk": {"supervisor_schema_version": "2026-10-30"},
    "dags": {"d": {"task_handlers": [{"task_id": "t", "binding": "named", "params": None}]}, "n": {}},
}
NATIVE = {"__version": 3, "dag": {"dag_id": "n", "tasks": [{"task_id": "t", "retry_delay": 2.5, "x": None}]}}


def ask(kind: str, file: str = "/b/f", folder: str = "/b") -> dict[str, Any]:
    """What a Dag processor asks."""
    return {"type": kind, "file": file, "bundle_path": folder, "bundle_name": "b"}


def made(parts: Parts, answers: bytes, request: dict[str, Any]) -> Any:
    """The body of the launcher's answer; None if it has none."""
    frame = parts.answer(answers, pack_frame([0, request, None]))
    assert frame == b"" or int.from_bytes(frame[:4], "big") == len(frame) - 4
    identifier, body = msgpack.unpackb(frame[4:]) if frame else (0, None)
    assert identifier == 0
    return body


def test_stored_answers(parts: Parts) -> None:
    """The answer to each request is found, and has the paths of the request."""
    answers = pack_answers(METADATA, [NATIVE, NATIVE])
    body = made(parts, answers, ask("DagFileParseRequest"))
    dag = {**NATIVE["dag"], "fileloc": "/b/f", "relative_fileloc": "f"}  # type: ignore[dict-item]
    assert body["serialized_dags"] == [{"data": {"__version": 3, "dag": dag}}] * 2
    assert (body["type"], body["fileloc"], body["import_errors"]) == ("DagFileParsingResult", "/b/f", {})
    body = made(parts, answers, ask("TaskHandlerParseRequest"))
    assert (body["type"], body["fileloc"]) == ("TaskHandlerParsingResult", "/b/f")
    assert body["task_handlers"] == {"d": METADATA["dags"]["d"]["task_handlers"]}
    assert made(parts, answers, ask("StartupDetails")) is None
    older = pack_answers(METADATA | {"sdk": {"supervisor_schema_version": "2026-06-16"}})
    assert made(parts, older, ask("TaskHandlerParseRequest")) is None
    assert made(parts, older, ask("DagFileParseRequest", "/f", "elsewhere"))["serialized_dags"] == []


def test_every_cut_of_the_answers(parts: Parts) -> None:
    """Cut anywhere, the file has no answer, or the same one."""
    answers = pack_answers(METADATA, [NATIVE])
    requests = [ask("DagFileParseRequest"), ask("TaskHandlerParseRequest")]
    whole = [made(parts, answers, request) for request in requests]
    for size in range(len(answers)):
        for request, body in zip(requests, whole, strict=True):
            assert made(parts, answers[:size], request) in (None, body)


def test_every_changed_byte_of_the_answers(parts: Parts) -> None:
    """With any changed byte, nothing is read or written outside of its block."""
    for damaged in changed(pack_answers(METADATA, [NATIVE])):
        for kind in ("DagFileParseRequest", "TaskHandlerParseRequest"):
            parts.answer(damaged, pack_frame([0, ask(kind), None]))


paths = st.lists(st.sampled_from(["", ".", "..", "a", "b", "é"]), max_size=5).map("/".join)


@given(file=paths.map(lambda path: f"/b/{path}") | paths, folder=paths.map(lambda path: f"/{path}") | paths)
def test_relative_paths(parts: Parts, file: str, folder: str) -> None:
    """The path of a file below the folder is that of `os.path.relpath`. For any other file, the program answers."""
    request = ask("DagFileParseRequest", file, folder)
    answers = pack_answers(METADATA, [NATIVE])
    body = made(parts, answers, request)
    if body is not None:
        assert body["serialized_dags"][0]["data"]["dag"]["relative_fileloc"] == os.path.relpath(file, folder)
        assert body == find_answer(answers, request)


@pytest.mark.parametrize(
    ("file", "folder", "is_answered"),
    [
        ("/b/f", "/b", True),
        ("/b/c/f", "/b/", True),
        ("/f", "/", True),
        ("/bb/f", "/b", False),
        ("/b", "/b", False),
        ("/b/", "/b", False),
        ("/b/../f", "/b", False),
        ("/b/f", "", False),
    ],
)
def test_files_below_the_folder(parts: Parts, file: str, folder: str, *, is_answered: bool) -> None:
    """The launcher answers for each file below the folder, and for no other file."""
    request = ask("DagFileParseRequest", file, folder)
    assert (made(parts, pack_answers(METADATA, [NATIVE]), request) is not None) is is_answered


# Messages


@pytest.mark.parametrize("length", [0, 1, 511, 512, 4093, 4094, 4095, 5117, 5118, 5119, 5120, 20_000])
def test_long_messages(tmp_path_factory: pytest.TempPathFactory, parts: Parts, length: int) -> None:
    """A message of any length is one line, cut at its limit."""
    text = b"m" * length
    start = len(parts.errors())
    assert parts.message(text) == text[:511]
    line = parts.errors()[start:]
    assert line == (text + b": " + text)[:5118] + b"\n"
