"""Packs the answers to a Dag processor. The launcher sends them: no program is started, and no module imported. Pure.

The file is a list of pairs, each part after its length, 8 bytes, little-endian::

    type of the request | beginning of the answer's body, in msgpack

The body's last key is `fileloc`. The launcher adds its value, which is the path in the request.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgpack

from dagfloe.runtime.config import SCHEMA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Its path in the program's folder; launcher/answer.c reads it there.
ANSWERS_FILE = "_internal/dag-processor-answers"


def pack_answers(metadata: Mapping[str, Any]) -> bytes:
    """Pack the answers of a bundle.

    Args:
        metadata: the bundle's metadata, which hold its task handlers.
    """
    bodies: dict[str, dict[str, Any]] = {
        "DagFileParseRequest": {"type": "DagFileParsingResult", "serialized_dags": [], "import_errors": {}}
    }
    if metadata["sdk"]["supervisor_schema_version"] >= SCHEMA_VERSIONS["3.4"]:
        bodies["TaskHandlerParseRequest"] = {
            "type": "TaskHandlerParsingResult",
            "task_handlers": {dag_id: dag["task_handlers"] for dag_id, dag in metadata["dags"].items()},
            "import_errors": None,
            "warnings": None,
        }
    parts = (part for name, body in bodies.items() for part in (name.encode(), _begin(body)))
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def _begin(body: Mapping[str, Any]) -> bytes:
    """The msgpack of a body and of the key `fileloc`, without the value."""
    packer = msgpack.Packer(autoreset=False)
    packer.pack_map_header(len(body) + 1)
    for key, value in body.items():
        packer.pack(key)
        packer.pack(value)
    packer.pack("fileloc")
    packed: bytes = packer.bytes()
    return packed
