"""The fuzz targets of the Python code. A target takes any bytes, and fails if a promise is broken.

A target that needs a value takes the bytes as msgpack, so that a change of a byte changes a part of the value.
"""

from __future__ import annotations

import ast
import json
import logging
import os
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from dagfloe.cancellation import Cancellation
from dagfloe.cli.frozen.main import choose_mode, read_supervisor_flags
from dagfloe.client.error_replies import error_from_reply
from dagfloe.errors import DagfloeError, LocalProtocolError, RemoteProtocolError, SupervisorError, UsageError
from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.errors import PackError
from dagfloe.format.manifest import parse_manifest, validate_manifest
from dagfloe.format.yaml_reader import read_yaml
from dagfloe.local.log.lines import LineDecoder
from dagfloe.local.log.records import parse_line
from dagfloe.local.seed.entries import SeedError
from dagfloe.local.seed.seed_file import parse_seed
from dagfloe.local.supervise.coercion import coerce_body
from dagfloe.local.supervise.frame_codec import RequestDecoder
from dagfloe.local.task_lost import TaskLost
from dagfloe.masking import MASK, MIN_LENGTH, Secrets
from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.render import RESERVED, render_record
from dagfloe.runtime.log.streams import line_stream
from dagfloe.runtime.wire.frames import MAX_FRAME_BYTES, FrameDecoder, decode_payload, encode_frame
from dagfloe.runtime.wire.messages import read_startup
from dagfloe.runtime.wire.requests import check_request
from dagfloe.stub.dag_file import render_stub
from dagfloe.values.serde import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The fields of every line, and the levels that the supervisor knows.
_FIELDS = {"timestamp", "level", "logger", "event"}
_LEVELS = {"critical", "error", "warning", "info", "debug"}
_SHORT_FRAME_BYTES = 1 << 16


def read_value(data: bytes) -> Any:
    """A value that the bytes stand for: msgpack, or else a string."""
    try:
        return msgpack.unpackb(data, strict_map_key=False, timestamp=3, unicode_errors="surrogatepass")
    except Exception:  # noqa: BLE001 - msgpack raises many classes
        return data.decode("latin-1")


def split(data: bytes) -> Iterator[bytes]:
    """The bytes in pieces. The first byte decides where they are cut."""
    step = data[0] + 1 if data else 1
    cuts = [*range(1, len(data), step), len(data)]
    return (data[start:end] for start, end in pairwise(cuts))


def frames(data: bytes) -> None:
    """A decoder gives the same frames however the bytes are split, or reports the supervisor's error."""
    results = []
    for pieces in (split(data), iter([data[1:]])):
        decoder = FrameDecoder(_SHORT_FRAME_BYTES)
        found: list[object] = []
        try:
            for piece in pieces:
                found.extend((frame.id, repr(frame.body), repr(frame.error)) for frame in decoder.feed(piece))
        except RemoteProtocolError:
            found.append("error")
        results.append(found)
    assert results[0] == results[1]


def sent_frames(data: bytes) -> None:
    """A body is encoded so that it can be decoded again, or refused with nothing sent."""
    value = read_value(data)
    body = value if isinstance(value, dict) else {"type": "SetXCom", "value": value}
    try:
        payload = b"".join(map(bytes, encode_frame(1, body)))
    except LocalProtocolError:
        return
    assert len(payload) == 4 + int.from_bytes(payload[:4], "big") <= MAX_FRAME_BYTES
    with suppress(RemoteProtocolError):  # keys that are not strings, for example
        assert decode_payload(payload[4:]).id == 1


def first_frame(data: bytes) -> None:
    """Any body of a first frame is read, or refused as an error of the supervisor."""
    value = read_value(data)
    with suppress(RemoteProtocolError):
        read_startup(value if isinstance(value, dict) else None, Cancellation())


def requests(data: bytes) -> None:
    """A request is accepted or refused. What is accepted is also accepted by the supervisor of `dagfloe run`."""
    value = read_value(data)
    if not isinstance(value, dict):
        return
    with suppress(LocalProtocolError):
        check_request(value)
    with suppress(TaskLost):
        coerce_body(value)


def error_replies(data: bytes) -> None:
    """Every error of the supervisor becomes an exception with a message."""
    value = read_value(data)
    error = value if isinstance(value, dict) else {"error": value, "detail": value}
    exception = error_from_reply({"type": "GetVariable", "key": "k"}, error)
    assert isinstance(exception, SupervisorError)
    assert str(exception)


def log_lines(data: bytes) -> None:
    """A record of any values becomes one line that the supervisor accepts."""
    value = read_value(data)
    fields = value if isinstance(value, dict) else {"event": value}
    record = logging.makeLogRecord({"name": "n", "msg": "%s", "args": (value,), "levelno": 20})
    for name, item in fields.items():
        if isinstance(name, str):
            record.__dict__[name] = item
    line = render_record(record, Secrets().mask)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    content = json.loads(line)
    assert content.keys() >= _FIELDS
    assert content["level"] in _LEVELS
    assert not (content.keys() - _FIELDS - {"exception"}) & RESERVED
    parsed = parse_line(line[:-1], Secrets().mask)
    assert parsed is not None


def masked(data: bytes) -> None:
    """No secret is left in a masked string, and a string without secrets is left alone."""
    value = read_value(data)
    parts = [part for part in value if isinstance(part, str)] if isinstance(value, list) else [str(value)]
    if not parts:
        return
    *given, string = parts
    secrets = Secrets()
    for number, secret in enumerate(given):
        secrets.add(secret)
        if number % 2:
            secrets.mask(string)
    result = secrets.mask(string)
    long = [secret for secret in given if len(secret) >= MIN_LENGTH]
    if not any(secret in MASK * 2 for secret in long):
        # What is between two masks is a part of the string, so a secret can only be there if it was there before.
        assert not any(secret in piece for secret in long for piece in result.split(MASK))
    if not given:
        assert result == string


def printed_lines(data: bytes) -> None:
    """What is written in pieces becomes the same lines as what is written at once, and nothing is lost."""
    results = []
    for pieces in (split(data), iter([data[1:]])):
        channel = _StoredLines(Cancellation(), Secrets())
        stream = line_stream(channel, 1, logging.INFO, "task.stdout")
        for piece in pieces:
            stream.buffer.write(piece)
        stream.finish()
        results.append(channel.events())
    assert results[0] == results[1]
    if b"\r" not in data and data[1:].isascii():
        assert "".join(results[0]).encode() == data[1:].replace(b"\n", b"")


class _StoredLines(LogChannel):
    def __init__(self, cancellation: Cancellation, secrets: Secrets) -> None:
        super().__init__(cancellation, secrets)
        self.lines: list[bytes] = []

    def add(self, lines: bytes) -> bool:
        self.lines.append(lines)
        return False

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in b"".join(self.lines).splitlines()]


def flags(data: bytes) -> None:
    """Any command line is one of the supervisor's, or a usage error, or one for the other parser."""
    arguments = data.decode("utf-8", "surrogateescape").split("\0")
    found = read_supervisor_flags(arguments)
    if found is not None:
        with suppress(UsageError):
            mode = choose_mode(found)
            assert 0 < mode.comm.port < 1 << 16  # type: ignore[union-attr]


def bundle_file(data: bytes) -> None:
    """Any file is a bundle file, or refused."""
    path = Path(f"/proc/self/fd/{_memory_file()}")
    path.write_bytes(data)
    with suppress(PackError):
        verify_bundle(read_bundle(path))


_MEMORY: list[int] = []


def _memory_file() -> int:
    if not _MEMORY:
        _MEMORY.append(os.memfd_create("fuzz"))
    return _MEMORY[0]


def manifest(data: bytes) -> None:
    """Any manifest is read, or refused. A stub Dag made from it holds nothing but its own code."""
    with suppress(PackError):
        read_yaml(data)
    with suppress(PackError):
        check_stub(parse_manifest(data))


def stub(data: bytes) -> None:
    """A stub Dag made from any declaration holds nothing but its own code."""
    value = read_value(data)
    dag = value if isinstance(value, dict) else {"tasks": [value]}
    with suppress(PackError):
        check_stub({"airflow_bundle_metadata_version": "1.0", "sdk": _SDK, "source": "d.py", "dags": {"d": dag}})


_SDK = {"language": "python", "name": "dagfloe", "supervisor_schema_version": "2026-06-16", "version": "0.1.0"}
#: The functions of a stub Dag are empty, and their names come from a template. Everything else is called or assigned.
_STATEMENTS = (ast.Assign, ast.Expr, ast.FunctionDef, ast.Import, ast.ImportFrom, ast.Pass, ast.With)
#: The modules that a stub Dag imports from.
_MODULES = {"__future__", "airflow", "datetime"}


def check_stub(manifest: dict[str, Any]) -> None:
    """Write a stub Dag from a manifest that follows the schema, and check that it is a stub Dag and nothing else.

    Raises:
        PackError: if the manifest is refused.
    """
    validate_manifest(manifest)
    tree = ast.parse(render_stub(manifest))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.stmt) or isinstance(node, _STATEMENTS), ast.dump(node)
        if isinstance(node, ast.Import):
            assert [name.name for name in node.names] == ["pendulum"]
        if isinstance(node, ast.ImportFrom):
            assert str(node.module).partition(".")[0] in _MODULES
        if isinstance(node, ast.FunctionDef):
            assert all(isinstance(part, (ast.Expr, ast.Pass)) for part in node.body)


def serialized(data: bytes) -> None:
    """Any value of a deferred task is decoded, or refused."""
    with suppress(DagfloeError):
        decode(read_value(data))


def foreign_lines(data: bytes) -> None:
    """Any bytes on the logs socket become records, or end the task as lost, as in Airflow."""
    decoder = LineDecoder(max_line_bytes=1000)
    for piece in split(data):
        for line in decoder.feed(piece):
            with suppress(TaskLost):
                parse_line(line, Secrets().mask)
    for line in decoder.finish():
        with suppress(TaskLost):
            parse_line(line, Secrets().mask)


def received_frames(data: bytes) -> None:
    """The supervisor of `dagfloe run` reads any bytes on the comm socket, or gives the task up as lost."""
    decoder = RequestDecoder(_SHORT_FRAME_BYTES)
    with suppress(TaskLost, RemoteProtocolError):
        for piece in split(data):
            for request in decoder.feed(piece):
                assert request.id is not None


def seed(data: bytes) -> None:
    """Any seed file is read, or refused."""
    with suppress(SeedError):
        parse_seed(data.decode("utf-8", "surrogateescape"))


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        frames,
        sent_frames,
        first_frame,
        requests,
        error_replies,
        log_lines,
        masked,
        printed_lines,
        flags,
        bundle_file,
        manifest,
        stub,
        serialized,
        foreign_lines,
        received_frames,
        seed,
    )
}
