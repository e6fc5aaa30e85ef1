"""The small task as a bare script: it speaks the protocol with msgpack alone, as the lower bound for a start.

The Python of a bundle's environment runs it, so it imports as little as possible.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
import sys

import msgpack

RECORDS = 10


def dial(flag: str) -> socket.socket:
    """Connect to the address in a flag."""
    argument = next(argument for argument in sys.argv if argument.startswith(f"--{flag}="))
    host, _, port = argument.partition("=")[2].rpartition(":")
    return socket.create_connection((host, int(port)))


def main() -> None:
    """Read one variable, write ten records, push one XCom, succeed."""
    comm, logs = dial("comm"), dial("logs")
    frames = comm.makefile("rb")

    def receive() -> list[dict[str, str]]:
        data = frames.read(int.from_bytes(frames.read(4), "big"))
        frame: list[dict[str, str]] = msgpack.unpackb(data, timestamp=3)
        return frame

    def request(number: int, body: dict[str, object]) -> dict[str, str]:
        data = msgpack.packb([number, body], datetime=True)
        comm.sendall(len(data).to_bytes(4, "big") + data)
        return receive()[1]

    def now() -> dt.datetime:
        return dt.datetime.now(dt.timezone.utc)

    ti: dict[str, str] = receive()[1]["ti"]  # type: ignore[assignment]
    name = request(1, {"type": "GetVariable", "key": "name"})["value"]
    for number in range(RECORDS):
        event = f"record {number} for {name}"
        line = {"timestamp": now().isoformat(), "level": "info", "logger": "bare", "event": event}
        logs.sendall(json.dumps(line).encode() + b"\n")
    ids = {key: ti[key] for key in ("dag_id", "run_id", "task_id")}
    value = {"greeting": f"Hello, {name}!"}
    request(2, {"type": "SetXCom", "key": "return_value", "value": value, **ids})
    request(0, {"type": "SucceedTask", "end_date": now(), "task_outlets": [], "outlet_events": []})


if __name__ == "__main__":
    main()
