"""Reads the answers to a Dag processor that the build has written into a bundle file.

`dagfloe.build.dag_processor.answers` draws the file. The launcher sends them. The program does it only
where the launcher cannot, so that both give the same answer.
"""

from __future__ import annotations

import os
import sys

from dagfloe.runtime.process.host import is_frozen
from dagfloe.runtime.wire.frames import decode_payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: The file, in the folder of the program's modules.
ANSWERS_NAME = "dag-processor-answers"
_LENGTH_BYTES = 8
#: In msgpack: the beginning of a frame with the id 0, and of a string whose length has four bytes.
_FRAME_START, _LONG_STRING = b"\x92\x00", b"\xdb"


def read_stored_answer(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The stored answer to a Dag processor; None if this program has none.

    Args:
        request: the body of the first frame.

    Raises:
        OSError: if the file cannot be read.
    """
    if not is_frozen():
        return None
    path = os.path.join(str(getattr(sys, "_MEIPASS", "")), ANSWERS_NAME)  # noqa: PTH118 - pathlib costs 5 ms to import
    if not os.path.exists(path):  # noqa: PTH110 - the one-file form, which has no launcher
        return None
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        return find_answer(file.read(), request)


def find_answer(answers: bytes, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Find the answer to a request, and fill in its places.

    Args:
        answers: the content of the file.
        request: the body of the first frame.

    Returns:
        The body of the answer; None if the file has no answer to this type of request.
    """
    reader = _Reader(answers)
    while reader.is_in_data:
        kind, template = reader.read_bytes(), reader.read_bytes()
        if kind == str(request["type"]).encode():
            return _fill(template, str(request["file"]), str(request["bundle_path"]))
    return None


def _fill(template: bytes, file: str, folder: str) -> dict[str, Any] | None:
    pieces = [_FRAME_START]
    reader = _Reader(template)
    while reader.is_in_data:
        letter = reader.read(1)
        if letter == b"c":
            pieces.append(reader.read_bytes())
        else:
            path = (file if letter == b"f" else os.path.relpath(file, folder)).encode()
            pieces.append(_LONG_STRING + len(path).to_bytes(4, "big") + path)
    return decode_payload(b"".join(pieces)).body


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_in_data(self) -> bool:
        return self._at < len(self._data)

    def read(self, count: int) -> bytes:
        start = self._at
        self._at += count
        return self._data[start : self._at]

    def read_bytes(self) -> bytes:
        """Read the bytes that follow their length."""
        return self.read(int.from_bytes(self.read(_LENGTH_BYTES), "little"))
