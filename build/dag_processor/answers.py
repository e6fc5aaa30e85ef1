"""Packs the answers to a Dag processor. The launcher sends them: no program is started, and no module imported. Pure.

The file is a list of pairs, each part after its length, 8 bytes, little-endian::

    type of the request | template of the answer's body

A template is a list of pieces, each after a letter::

    c | length, 8 bytes | constant bytes, in msgpack
    f                     the path of the file that was asked, as a string in msgpack
    r                     this path relative to the folder of the Dag bundle, as a string in msgpack

The launcher fills in the places. If the file is not below the folder, the program does it.
"""

from __future__ import annotations

import struct
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgpack

from dagfloe.runtime.config import SCHEMA_VERSIONS
from dagfloe.runtime.stored_answers import ANSWERS_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Its path in the program's folder; launcher/answer.c reads it there.
ANSWERS_FILE = f"_internal/{ANSWERS_NAME}"


class _Place(Enum):
    """A value that depends on the request."""

    FILE = b"f"
    RELATIVE_PATH = b"r"


def pack_answers(metadata: Mapping[str, Any], native_dags: Iterable[Mapping[str, Any]] | None = ()) -> bytes:
    """Pack the answers of a bundle.

    Args:
        metadata: the bundle's metadata, which hold its task handlers.
        native_dags: its native Dags in Airflow's serialization, without `fileloc` and `relative_fileloc`; None if the
            program makes them at each parse.
    """
    bodies: dict[str, dict[str, Any]] = {}
    if native_dags is not None:
        bodies["DagFileParseRequest"] = {
            "type": "DagFileParsingResult",
            "fileloc": _Place.FILE,
            "serialized_dags": [{"data": _place(data)} for data in native_dags],
            "import_errors": {},
        }
    if metadata["sdk"]["supervisor_schema_version"] >= SCHEMA_VERSIONS["3.4"]:
        handlers = {dag_id: dag["task_handlers"] for dag_id, dag in metadata["dags"].items() if "task_handlers" in dag}
        bodies["TaskHandlerParseRequest"] = {
            "type": "TaskHandlerParsingResult",
            "fileloc": _Place.FILE,
            "task_handlers": handlers,
            "import_errors": None,
            "warnings": None,
        }
    parts = (part for name, body in bodies.items() for part in (name.encode(), _Template().add(body).pack()))
    return b"".join(_with_length(part) for part in parts)


def _place(data: Mapping[str, Any]) -> dict[str, Any]:
    """Give a serialized Dag the places of its file."""
    return {**data, "dag": {**data["dag"], "fileloc": _Place.FILE, "relative_fileloc": _Place.RELATIVE_PATH}}


class _Template:
    """A template that grows value by value."""

    def __init__(self) -> None:
        self._packer = msgpack.Packer(autoreset=False)
        self._pieces = bytearray()

    def add(self, value: object) -> _Template:
        """Append a value, whatever places it holds."""
        if isinstance(value, _Place):
            self._end_constant()
            self._pieces += value.value
        elif isinstance(value, dict):
            self._packer.pack_map_header(len(value))
            for key, item in value.items():
                self.add(key).add(item)
        elif isinstance(value, list):
            self._packer.pack_array_header(len(value))
            for item in value:
                self.add(item)
        else:
            self._packer.pack(value)
        return self

    def pack(self) -> bytes:
        """The template's bytes."""
        self._end_constant()
        return bytes(self._pieces)

    def _end_constant(self) -> None:
        if constant := self._packer.bytes():
            self._pieces += b"c" + _with_length(constant)
        self._packer.reset()


def _with_length(part: bytes) -> bytes:
    return struct.pack("<Q", len(part)) + part
