"""Reads the pixels of a PNG as Chromium writes them: 8 bits, RGB or RGBA, not interlaced."""

from __future__ import annotations

import struct
import zlib

Pixel = tuple[int, int, int]


def pixels(data: bytes) -> list[list[Pixel]]:
    """The rows of a picture."""
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        chunks[kind] = chunks.get(kind, b"") + data[at + 8 : at + 8 + length]
        at += 12 + length
    width, height, depth, colours = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (depth, colours) in ((8, 2), (8, 6))
    step = 3 if colours == 2 else 4
    raw = zlib.decompress(chunks[b"IDAT"])
    above = bytearray(width * step)
    rows = []
    for number in range(height):
        start = number * (width * step + 1)
        line = bytearray(raw[start + 1 : start + 1 + width * step])
        _unfilter(raw[start], line, above, step)
        rows.append([(line[x], line[x + 1], line[x + 2]) for x in range(0, width * step, step)])
        above = line
    return rows


def _unfilter(kind: int, line: bytearray, above: bytearray, step: int) -> None:
    for x in range(len(line)):
        left = line[x - step] if x >= step else 0
        up = above[x]
        corner = above[x - step] if x >= step else 0
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        line[x] = (line[x] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
