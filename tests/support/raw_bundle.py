"""Writes small programs that implement the protocol without dagfloe, for tests of `dagfloe.local`."""

from __future__ import annotations

import hashlib
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PREAMBLE = """\
import datetime, json, os, signal, socket, subprocess, sys, threading, time
import msgpack

def flag(name):
    return next(argument.partition("=")[2] for argument in sys.argv if argument.startswith(f"--{name}="))

def dial(name):
    host, port = flag(name).rsplit(":", 1)
    return socket.create_connection((host, int(port)))

def send(frame_id, body, *rest):
    data = msgpack.packb([frame_id, body, *rest], datetime=True)
    comm.sendall(len(data).to_bytes(4, "big") + data)

def exactly(count):
    data = b""
    while len(data) < count:
        chunk = comm.recv(count - len(data))
        if not chunk:
            sys.exit(9)
        data += chunk
    return data

def receive():
    return msgpack.unpackb(exactly(int.from_bytes(exactly(4), "big")), timestamp=3)

def ask(body):
    send(1, body)
    return receive()[1:]

def log(event, level="info", **fields):
    logs.sendall(json.dumps({"event": event, "level": level, "logger": "raw", **fields}).encode() + b"\\n")

def begin():
    global comm, logs, details
    comm, logs = dial("comm"), dial("logs")
    frame_id, details, error = receive()

def now():
    return datetime.datetime.now(datetime.timezone.utc)

def xcom(key, **fields):
    ti = details["ti"]
    return {"key": key, "dag_id": ti["dag_id"], "run_id": ti["run_id"], "task_id": ti["task_id"], **fields}

def succeed():
    send(0, {"type": "SucceedTask", "end_date": now(), "task_outlets": [], "outlet_events": []})
    receive()

"""


def write_program(path: Path, body: str, preamble: str = PREAMBLE) -> list[str]:
    """Write a program whose first line names this interpreter; return the command that runs it."""
    path.write_text(f"#!{sys.executable}\n{preamble}{body}")
    path.chmod(0o755)
    return [str(path)]


def write_bundle(path: Path, body: str, manifest: str) -> Path:
    """Write a bundle file: a shell script with a trailer. It starts a program beside it."""
    write_program(path.with_suffix(".py"), body)
    binary = f'#!/bin/sh\nexec {path.with_suffix(".py")} "$@"\n'.encode()
    data = manifest.encode()
    trailer = struct.pack("<III32s12s8s", 0, len(data), 1, hashlib.sha256(binary).digest(), bytes(12), b"AFBNDL01")
    path.write_bytes(binary + data + trailer)
    path.chmod(0o755)
    return path
