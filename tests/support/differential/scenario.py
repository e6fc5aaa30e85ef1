"""One thing that a bundle does, to be compared between the real supervisor and the embedded one."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.raw_bundle import PREAMBLE, write_bundle, write_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = """\
airflow_bundle_metadata_version: "1.0"
sdk: {language: python, version: "1.0", supervisor_schema_version: "2026-06-16"}
source: d.py
dags: {d: {tasks: [t]}}
"""
#: What the bundle received is written beside it, a frame a line; times stay apart from texts.
RECORDER = """\
import stat

def told(value):
    return {"$time": value.isoformat()} if isinstance(value, datetime.datetime) else {"$odd": repr(value)}

plain_receive = receive

def receive():
    frame = plain_receive()
    with open(__file__ + ".received", "a") as file:
        file.write(json.dumps(frame, default=told) + "\\n")
    return frame

def at(second=0):
    return datetime.datetime(2001, 2, 3, 4, 5, second, tzinfo=datetime.timezone.utc)

def line(text):
    logs.sendall(text if isinstance(text, bytes) else text.encode() + b"\\n")

def record(**fields):
    line(json.dumps({"level": "info", "event": "x", **fields}))

def each(name, *values):
    for value in values:
        record(**{name: value})

def bytes_of(body, frame_id=1):
    data = msgpack.packb([frame_id, body], datetime=True)
    return len(data).to_bytes(4, "big") + data

def raw(value, errors="strict"):
    data = msgpack.packb(value, datetime=True, unicode_errors=errors)
    comm.sendall(len(data).to_bytes(4, "big") + data)

GET = {"type": "GetVariable", "key": "who"}

"""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One scenario.

    Attributes:
        name: what the bundle does, in plain words.
        body: the program, after `raw_bundle.PREAMBLE` and `RECORDER`.
        holds: what Airflow knows, in the words of `tests/airflow/api_server.py`.
        task: fields of the task instance and its context: map_index, try_number, should_retry, max_tries, conf.
        startup_s: how long the bundle has to connect.
        overtime_s: how long it may live after its terminal message.
        cleanup_s: how long sockets may stay open after its end.
        stop_on: the event at which the supervisor is told to stop.
        bundle: the name of a built bundle and the task of it to run, instead of a body.
    """

    name: str
    body: str = ""
    holds: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, Any] = field(default_factory=dict)
    startup_s: float = 10.0
    overtime_s: float = 20.0
    cleanup_s: float = 0.3
    stop_on: str | None = None
    bundle: tuple[str, str] | None = None

    @property
    def dag_id(self) -> str:
        """The Dag's id."""
        return self.bundle[0] if self.bundle else "d"

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self.bundle[1] if self.bundle else "t"

    def write(self, folder: Path, built: Path) -> Path:
        """Write the bundle file into a folder; one that was built is linked from the folder that holds them."""
        folder.mkdir()
        path = folder / self.dag_id
        if self.bundle:
            path.hardlink_to(built / self.dag_id)
            return path
        write_bundle(path, "", MANIFEST)
        write_program(path.with_suffix(".py"), textwrap.dedent(self.body), PREAMBLE + RECORDER)
        return path


def begun(name: str, body: str, *, ends: str = "", **more: Any) -> Scenario:
    """A scenario whose bundle connects and takes its first frame before all else."""
    return Scenario(name=name, body=f"begin()\n{textwrap.dedent(body)}\n{ends}", **more)


def asks(name: str, *requests: str, **more: Any) -> Scenario:
    """A scenario whose bundle sends requests, each after the reply to the one before, and succeeds."""
    return begun(name, "".join(f"ask({request})\n" for request in requests) + "succeed()\n", **more)
