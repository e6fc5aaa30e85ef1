"""The supervisor's side of the two sockets, controlled by a test frame by frame."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from dagfloe.values.serde import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

DEADLINE_S = 20.0
#: The `dagfloe` command, installed beside the running Python.
TOOL = str(Path(sys.executable).with_name("dagfloe"))
ENTRY = """
from dagfloe.cli.frozen.main import main
from dagfloe.runtime.config import BundleConfig

if __name__ == "__main__":
    raise SystemExit(main(BundleConfig("tasks:bundle", "test", "1.0", "tasks.py", ("tasks",))))
"""
PREAMBLE = """
from __future__ import annotations
import logging, os, sys, threading, time
from dagfloe import *
bundle = Bundle()
dag = bundle.dag("d")
log = logging.getLogger("tasks")
"""


def write_project(folder: Path, tasks: str, preamble: str = PREAMBLE) -> list[str]:
    """Write a bundle's module and entry script; return the command that runs them, unfrozen."""
    (folder / "tasks.py").write_text(preamble + tasks)
    (folder / "entry.py").write_text(ENTRY)
    return [sys.executable, str(folder / "entry.py")]


def startup(task_id: str = "t", dag_id: str = "d", **ti_context: Any) -> dict[str, Any]:
    """Make a StartupDetails body."""
    now = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc)
    ti = {
        "id": str(uuid.uuid4()),
        "task_id": task_id,
        "dag_id": dag_id,
        "run_id": "manual__1",
        "try_number": 1,
        "dag_version_id": str(uuid.uuid4()),
        "map_index": -1,
        "hostname": "worker",
        "queue": "dagfloe",
    }
    run = {
        "dag_id": dag_id,
        "run_id": "manual__1",
        "logical_date": now,
        "data_interval_start": now,
        "data_interval_end": now,
        "run_after": now,
        "start_date": now,
        "end_date": None,
        "run_type": "manual",
        "state": "running",
        "conf": {"who": "world"},
        "consumed_asset_events": [],
        "partition_key": None,
    }
    return {
        "type": "StartupDetails",
        "ti": {**ti, **ti_context.pop("ti", {})},
        "dag_rel_path": "dag.py",
        "bundle_info": {"name": "bundles", "version": None},
        "start_date": now,
        "ti_context": {"dag_run": run, "max_tries": 0, "should_retry": False, **ti_context},
        "sentry_integration": "",
    }


def pack(value: object) -> bytes:
    """Encode a value as a frame, with its length."""
    payload: bytes = msgpack.packb(value, datetime=True)
    return len(payload).to_bytes(4, "big") + payload


class Peer:
    """Listens at two addresses, starts a bundle, and exchanges frames with it. Use it in a `with` block."""

    def __init__(self, command: list[str], env: Mapping[str, str] | None = None) -> None:
        self._servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        for server in self._servers:
            server.settimeout(DEADLINE_S)
        comm, logs = (f"127.0.0.1:{server.getsockname()[1]}" for server in self._servers)
        self.process = subprocess.Popen(
            [*command, f"--comm={comm}", f"--logs={logs}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )
        self.comm, self.logs = (server.accept()[0] for server in self._servers)
        self._log_file = self.logs.makefile("rb")
        for sock in (self.comm, self.logs):
            sock.settimeout(DEADLINE_S)
        self.records: list[dict[str, Any]] = []
        self.carriers: list[dict[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=DEADLINE_S)
        self._log_file.close()
        for sock in (*self._servers, self.comm, self.logs):
            sock.close()

    def start(self, task_id: str = "t", **ti_context: Any) -> None:
        """Send StartupDetails."""
        self.send(0, startup(task_id, **ti_context))

    def send(self, frame_id: int, body: object = None, error: object = None) -> None:
        """Send a frame."""
        self.comm.sendall(pack([frame_id, body, error]))

    def receive(self) -> tuple[int, dict[str, Any]]:
        """Receive the next frame of the bundle: its id and its body."""
        length = int.from_bytes(self._exactly(4), "big")
        frame_id, body, *carrier = msgpack.unpackb(self._exactly(length), timestamp=3)
        self.carriers += carrier
        return frame_id, body

    def expect(self, kind: str) -> tuple[int, dict[str, Any]]:
        """Receive the next frame, which must have this type."""
        frame_id, body = self.receive()
        assert body["type"] == kind, body
        return frame_id, body

    def finish(self, answer: bool = True) -> dict[str, Any]:
        """Receive the terminal message with the id 0, answer it, and wait for the exit status 0."""
        frame_id, body = self.receive()
        assert frame_id == 0, body
        if answer:
            self.send(0)
        assert self.wait() == 0
        return body

    def record(self, event: str) -> dict[str, Any]:
        """Read log records up to the first one whose event contains a string."""
        while line := self._log_file.readline():
            self.records.append(json.loads(line))
            if event in self.records[-1]["event"]:
                return self.records[-1]
        raise AssertionError(f"no record with {event!r} in {self.records}")

    def all_records(self) -> list[dict[str, Any]]:
        """All log records, up to the end of the stream."""
        self.records += [json.loads(line) for line in self._log_file]
        return self.records

    def events(self) -> list[str]:
        """The events of all log records, up to the end of the stream."""
        return [record["event"] for record in self.all_records()]

    def silent_end(self) -> None:
        """Check that the bundle ends with status 1 and sends no frame."""
        assert self.wait() == 1
        assert self.comm.recv(1) == b""

    def wait(self) -> int:
        """Wait for the exit status."""
        return self.process.wait(DEADLINE_S)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self.comm.recv(count - len(data))
            if not chunk:
                raise EOFError(f"the bundle closed the comm socket after {len(data)} of {count} bytes")
            data += chunk
        return data


def until(condition: Any, event: str) -> None:
    """Poll until a condition is true, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"{event} did not happen within {DEADLINE_S} s"
        os.sched_yield()


def value_of(file: Path, dag_id: str, task_id: str, env: dict[str, str] | None = None) -> Any:
    """Run a task of a bundle file; return its XCom, as a task of Airflow reads it.

    Args:
        file: the bundle file.
        dag_id: its Dag.
        task_id: its task.
        env: environment variables to add.
    """
    with Peer([str(file)], env) as peer:
        peer.send(0, startup(task_id, dag_id))
        frame_id, body = peer.expect("SetXCom")
        peer.send(frame_id)
        assert peer.finish()["type"] == "SucceedTask"
        return decode(body["value"])
