"""Digests of files, read in chunks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dagfloe.format.regular_file import open_regular

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK_BYTES = 1 << 20


def sha256_of(path: Path, length: int | None = None) -> bytes:
    """The SHA-256 of a file.

    Args:
        path: the file.
        length: how many bytes to read from its beginning; by default all.

    Raises:
        OSError: if it cannot be read.
    """
    digest = hashlib.sha256()
    left = path.stat().st_size if length is None else length
    with open_regular(path) as file:
        while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.digest()
