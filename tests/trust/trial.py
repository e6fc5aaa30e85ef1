"""Produces a fault for real: starts the bundle, plays the supervisor, and reports what happened."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from support.peer import pack, startup
from trust.matrix import LOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trust.matrix import Fault

#: A task that hangs is an open cell.
DEADLINE_S = 60.0
MARK = "DAGFLOE_TEST_RUN"


@dataclass
class Seen:
    """What happened.

    Attributes:
        status: the exit status; None if the process did not end in time.
        state: the state in the terminal message.
        text: all that reached the supervisor: records, and both pipes.
        seconds: from the start to the end of the process.
        left: processes of the task that are left 10 s later.
    """

    status: int | None = None
    state: str = LOST
    text: str = ""
    seconds: float = 0.0
    left: list[str] = field(default_factory=list)

    def problems(self, fault: Fault, *, has_launcher: bool) -> list[str]:
        """How it differs from what must happen."""
        status = fault.status if has_launcher or fault.without_launcher is None else fault.without_launcher
        wrong = []
        if self.status != status:
            wrong.append(f"status {self.status}, expected {status}")
        # An unfrozen run ends in the same way, but another status than the expected one comes with no message.
        if self.state != fault.state and (has_launcher or fault.without_launcher is None or fault.status):
            wrong.append(f"state {self.state}, expected {fault.state}")
        if fault.log and fault.log not in self.text:
            wrong.append(f"{fault.log!r} is not in the log")
        if self.left and has_launcher:
            wrong.append(f"processes left: {self.left}")
        return wrong


class Trial:
    """One run of a bundle with a fault.

    Args:
        command: the command that starts the bundle.
        fault: the fault.
        has_launcher: whether a launcher ends the processes that the task leaves.
    """

    def __init__(self, command: Sequence[str], fault: Fault, *, has_launcher: bool) -> None:
        self._fault, self._has_launcher = fault, has_launcher
        self._command = list(command)
        self._mark = uuid.uuid4().hex
        self._lines: list[str] = []
        self._is_ready = threading.Event()
        self._seen = Seen()
        self._slow = False

    def run(self) -> Seen:
        """Run it up to the end of the process."""
        servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
        shell = f"{self._fault.limit}exec {shlex.join(self._command)} --comm={addresses[0]} --logs={addresses[1]}"
        trap = {"TRAP": self._fault.code, "TRAP_AT_IMPORT": self._fault.at_import, MARK: self._mark}
        began = time.monotonic()
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", shell],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **trap, **dict(self._fault.env)},
        )
        try:
            for server in servers:
                server.settimeout(DEADLINE_S)
            self.comm, self.logs = (server.accept()[0] for server in servers)
            threads = [threading.Thread(target=target, daemon=True) for target in (self._read_logs, self._supervise)]
            threads += [
                threading.Thread(target=self._read_pipe, args=(pipe,), daemon=True)
                for pipe in (self.process.stdout, self.process.stderr)
            ]
            for thread in threads:
                thread.start()
            self._act()
            with suppress(subprocess.TimeoutExpired):
                self._seen.status = self.process.wait(DEADLINE_S)
            self._seen.seconds = time.monotonic() - began
            self._wait_for_children()
            if self._fault.act != "deaf logs, SIGTERM":
                for thread in threads:
                    thread.join(5)
        finally:
            self.process.kill()
            self.process.wait(DEADLINE_S)
            sockets = (getattr(self, "comm", None), getattr(self, "logs", None))
            for file in (*servers, *sockets, self.process.stdout, self.process.stderr):
                if file is not None:
                    file.close()
        self._seen.text = "\n".join(self._lines)
        return self._seen

    def _act(self) -> None:
        act = self._fault.act
        if not act or act == "slow":
            return
        if not self._is_ready.wait(DEADLINE_S):
            return
        if act.endswith("SIGTERM"):
            # The logs are unread from here on: give the task the time to fill the socket, or to be stopped before it.
            self.process.send_signal(signal.SIGTERM)
        elif act == "SIGTERM at once":
            self.process.send_signal(signal.SIGTERM)
        elif act in ("SIGINT", "SIGKILL"):
            self.process.send_signal(getattr(signal, act))
        elif act in ("close comm", "close comm at once"):
            self.comm.shutdown(socket.SHUT_RDWR)
        elif act == "half-close comm":
            self.comm.shutdown(socket.SHUT_WR)
        elif act == "close logs":
            self.logs.shutdown(socket.SHUT_RDWR)

    def _supervise(self) -> None:
        """Answer requests, as the supervisor does."""
        act = self._fault.act
        if act.endswith("at once"):
            return
        self._slow = act == "slow"
        with suppress(OSError, EOFError):
            self.comm.sendall(pack([0, startup("t"), None]))
            while True:
                frame_id, body = self._receive()
                if frame_id == 0:
                    self._seen.state = str(body.get("state"))
                if act == "garbage":
                    self.comm.sendall(b"\xff" * 100)
                    continue
                reply = {"type": "VariableResult", "key": "x", "value": "v"} if body["type"] == "GetVariable" else None
                self.comm.sendall(pack([frame_id, reply, None]))

    def _receive(self) -> tuple[int, dict[str, Any]]:
        length = int.from_bytes(self._exactly(4), "big")
        frame_id, body, *_ = msgpack.unpackb(self._exactly(length), timestamp=3)
        return frame_id, body

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            chunk = self.comm.recv(min(count - len(data), 1 << 18))
            if not chunk:
                raise EOFError
            data += chunk
            if self._slow:
                time.sleep(0.02)  # 13 MB a second at most
        return bytes(data)

    def _read_logs(self) -> None:
        with suppress(OSError):
            file = self.logs.makefile("rb")
            for line in file:
                record = json.loads(line)  # a line that is torn fails the trial
                self._lines.append(record["event"] + json.dumps(record.get("exception", ""), ensure_ascii=False))
                if "ready" in record["event"]:
                    self._is_ready.set()
                    if self._fault.act.startswith("deaf"):
                        return

    def _read_pipe(self, pipe: Any) -> None:
        for line in pipe:
            self._lines.append(line.decode("utf-8", "replace"))

    def _wait_for_children(self) -> None:
        deadline = time.monotonic() + (10 if self._has_launcher else 0)
        while (left := self._children()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self._seen.left = left
        for process in left:
            with suppress(OSError):
                os.kill(int(process.partition(" ")[0]), signal.SIGKILL)

    def _children(self) -> list[str]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"{MARK}={self._mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(f"{folder.name} {(folder / 'cmdline').read_bytes()!r}"[:200])
        return found
