"""The least that Python can do for the small task: the protocol by hand, with msgpack and nothing of dagfloe.

Executed by the Python of a bundle's environment, so it imports as little as it can.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
import sys

import msgpack

RECORDS = 10


def dial(flag: str) -> socket.socket:
    """Connect to the address that a flag gives."""
    given = next(text for text in sys.argv if text.startswith(f"--{flag}="))
    host, _, port = given.partition("=")[2].rpartition(":")
    return socket.create_connection((host, int(port)))


def main() -> None:
    """Read one variable, write ten records, push one XCom, succeed."""
    comm, logs = dial("comm"), dial("logs")
    frames = comm.makefile("rb")

    def receive() -> list[dict[str, str]]:
        data = frames.read(int.from_bytes(frames.read(4), "big"))
        frame: list[dict[str, str]] = msgpack.unpackb(data, timestamp=3)
        return frame

    def ask(number: int, body: dict[str, object]) -> dict[str, str]:
        data = msgpack.packb([number, body], datetime=True)
        comm.sendall(len(data).to_bytes(4, "big") + data)
        return receive()[1]

    def now() -> dt.datetime:
        return dt.datetime.now(dt.timezone.utc)

    ti: dict[str, str] = receive()[1]["ti"]  # type: ignore[assignment]
    name = ask(1, {"type": "GetVariable", "key": "name"})["value"]
    for number in range(RECORDS):
        event = f"record {number} for {name}"
        line = {"timestamp": now().isoformat(), "level": "info", "logger": "floor", "event": event}
        logs.sendall(json.dumps(line).encode() + b"\n")
    place = {key: ti[key] for key in ("dag_id", "run_id", "task_id")}
    value = {"greeting": f"Hello, {name}!"}
    ask(2, {"type": "SetXCom", "key": "return_value", "value": value, **place})
    ask(0, {"type": "SucceedTask", "end_date": now(), "task_outlets": [], "outlet_events": []})


if __name__ == "__main__":
    main()
