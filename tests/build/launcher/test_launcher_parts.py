"""The launcher's two algorithms, called from here: they agree with well-known ones, and stand any input."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
from pathlib import Path

import lz4.block  # type: ignore[import-untyped,unused-ignore]
import pytest
from hypothesis import given
from hypothesis import strategies as st

SOURCES = Path(__file__).parents[3] / "build" / "launcher"
CANARY = b"\xa5" * 64


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The launcher's code as a library, without a warning."""
    compiler = shutil.which("cc")
    assert compiler, "a C compiler is part of what the project needs"
    made = tmp_path_factory.mktemp("parts") / "parts.so"
    flags = ["-D_GNU_SOURCE", "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-format-truncation"]
    sources = [str(path) for path in sorted(SOURCES.glob("*.c"))]
    subprocess.run(
        [compiler, *flags, "-fPIC", "-shared", "-pthread", "-o", str(made), *sources], check=True, timeout=60
    )
    return ctypes.CDLL(str(made))


@given(data=st.binary(max_size=600) | st.integers(0, 1000).map(bytes))
def test_digest(parts: ctypes.CDLL, data: bytes) -> None:
    """The digest is BLAKE2b's of 32 bytes."""
    out = ctypes.create_string_buffer(32)
    parts.digest(data, ctypes.c_size_t(len(data)), out)
    assert out.raw == hashlib.blake2b(data, digest_size=32).digest()


def decoded(parts: ctypes.CDLL, block: bytes, size: int) -> bytes | None:
    """What a block holds; None when the launcher refuses it. Checks that nothing is written elsewhere."""
    out = ctypes.create_string_buffer(CANARY + bytes(size) + CANARY, len(CANARY) * 2 + size)
    at = ctypes.byref(out, len(CANARY))
    parts.decode.restype = ctypes.c_bool
    is_decoded = parts.decode(block, ctypes.c_size_t(len(block)), at, ctypes.c_size_t(size))
    assert out.raw[: len(CANARY)] == CANARY
    assert out.raw[len(CANARY) + size :] == CANARY
    return out.raw[len(CANARY) : len(CANARY) + size] if is_decoded else None


contents = st.binary(max_size=400) | st.builds(
    lambda pieces, times: b"".join(pieces) * times, st.lists(st.binary(max_size=30), max_size=5), st.integers(1, 400)
)


@given(data=contents, compression=st.sampled_from([0, 3, 9, 12]))
def test_decode(parts: ctypes.CDLL, data: bytes, compression: int) -> None:
    """Whatever LZ4 packs comes out as it was."""
    mode = {"mode": "high_compression", "compression": compression} if compression else {}
    block = lz4.block.compress(data, store_size=False, **mode)
    assert decoded(parts, block, len(data)) == data


@given(
    data=contents, damage=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4), size=st.data()
)
def test_damaged_blocks(parts: ctypes.CDLL, data: bytes, damage: list[tuple[int, int]], size: st.DataObject) -> None:
    """A damaged or cut block, or another size than it has, is refused or gives bytes; nothing else is touched."""
    block = bytearray(lz4.block.compress(data, store_size=False))
    for at, value in damage:
        block[at % len(block)] = value
    cut = size.draw(st.integers(0, len(block)))
    decoded(
        parts, bytes(block[:cut]), size.draw(st.sampled_from([len(data), 0, 1, len(data) + 1, max(0, len(data) - 1)]))
    )


@given(block=st.binary(max_size=200), size=st.integers(0, 5000))
def test_any_bytes(parts: ctypes.CDLL, block: bytes, size: int) -> None:
    """Any bytes are refused or give bytes."""
    decoded(parts, block, size)
