"""A program that runs under the real supervisor and under the embedded one, to compare the outcomes."""

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
#: Writes the frames that the bundle receives to a file beside it. Times are distinct from strings.
RECORDER = """\
import stat

def as_json(value):
    return {"$time": value.isoformat()} if isinstance(value, datetime.datetime) else {"$odd": repr(value)}

plain_receive = receive

def receive():
    frame = plain_receive()
    with open(__file__ + ".received", "a") as file:
        file.write(json.dumps(frame, default=as_json) + "\\n")
    return frame

def at(second=0):
    return datetime.datetime(2001, 2, 3, 4, 5, second, tzinfo=datetime.timezone.utc)

def line(content):
    logs.sendall(content if isinstance(content, bytes) else content.encode() + b"\\n")

def record(**fields):
    line(json.dumps({"level": "info", "event": "x", **fields}))

def records(name, *values):
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
        name: a description.
        body: the program, after `raw_bundle.PREAMBLE` and `RECORDER`.
        data: the data in Airflow, in the format of `tests/airflow/api_server.py`.
        task: fields of the task instance and its context: map_index, try_number, should_retry, max_tries, conf.
        startup_s: the time in which the bundle must connect.
        overtime_s: the time that the bundle may run after its terminal message.
        cleanup_s: the time that sockets may stay open after the end of the bundle.
        stop_on: the event at which the supervisor receives a signal to stop.
        bundle: the name of a bundle file that dagfloe built, and that replaces the body.
        dag_id: the Dag of the task.
        task_id: the task.
    """

    name: str
    body: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, Any] = field(default_factory=dict)
    startup_s: float = 10.0
    overtime_s: float = 20.0
    cleanup_s: float = 0.3
    stop_on: str | None = None
    bundle: str | None = None
    dag_id: str = "d"
    task_id: str = "t"

    def write(self, folder: Path, bundles: Path) -> Path:
        """Write the bundle file into a folder, or link it from the folder of the built bundle files."""
        folder.mkdir()
        path = folder / self.dag_id
        if self.bundle:
            path.hardlink_to(bundles / self.bundle)
            return path
        write_bundle(path, "", MANIFEST)
        write_program(path.with_suffix(".py"), textwrap.dedent(self.body), PREAMBLE + RECORDER)
        return path


def begun(name: str, body: str, *, ends: str = "", **more: Any) -> Scenario:
    """A scenario whose bundle first connects and receives the startup details."""
    return Scenario(name=name, body=f"begin()\n{textwrap.dedent(body)}\n{ends}", **more)


def asks(name: str, *requests: str, **more: Any) -> Scenario:
    """A scenario whose bundle sends requests one after the other, and succeeds."""
    return begun(name, "".join(f"ask({request})\n" for request in requests) + "succeed()\n", **more)
