"""One run of the bundle `faults` under a supervisor that a test controls, and everything that leaves the process."""

from __future__ import annotations

import array
import fcntl
import json
import os
import signal
import socket
import subprocess
import termios
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from support.peer import pack, startup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

#: How long a step may take that needs no time by itself; generous, because the machine may be busy.
STEP_S = 40.0
MARK = "DAGFLOE_TEST_RUN"
PASSWORD = 'p4ss w/rd&"é\\-c4nary'  # noqa: S105 - changes in every encoding, and opens nothing
_PAUSE_S = 0.01


@dataclass
class Seen:
    """What was seen of a run.

    Attributes:
        status: the exit status; None if the supervisor did not live to see it.
        terminal: the terminal messages.
        logs: the bytes of the logs socket.
        stdout: the bytes of stdout.
        stderr: the bytes of stderr.
        comm: the bytes of the comm socket.
        seconds: how long the run took.
        processes: the processes that were left.
        files: the files that were left in the temporary folder.
        escalated: whether the process had to be killed, because it did not end in time.
    """

    status: int | None = None
    terminal: list[dict[str, Any]] = field(default_factory=list)
    logs: bytes = b""
    stdout: bytes = b""
    stderr: bytes = b""
    comm: bytes = b""
    seconds: float = 0.0
    processes: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    escalated: bool = False

    @property
    def state(self) -> str | None:
        """The state of the terminal message, if there is one."""
        return str(self.terminal[0].get("state", self.terminal[0]["type"])) if self.terminal else None

    def records(self) -> list[dict[str, Any]]:
        """The records of the logs socket that are whole."""
        records = []
        for line in self.logs.splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                continue
        return records

    def torn_lines(self, may_cut: bool = False) -> list[bytes]:
        """The lines that are not a JSON object.

        Args:
            may_cut: whether the last line may lack its end.
        """
        torn = []
        lines = self.logs.split(b"\n")
        for line in lines[:-1] if may_cut else lines:
            try:
                is_whole = not line or isinstance(json.loads(line), dict)
            except ValueError:
                is_whole = False
            if not is_whole:
                torn.append(line[:200])
        return torn

    def text(self) -> str:
        """Everything that a person can read."""
        return b"\n".join((self.logs, self.stdout, self.stderr)).decode("utf-8", "backslashreplace")


class Trial:
    """Starts the bundle, answers its requests and collects what it sends. Use it in a `with` block.

    Args:
        command: the program.
        folder: an empty folder for the files of the run.
        task: the task to run.
        when: the moment of the failure.
        how: the failure.
        env: more environment variables.
        listen: whether somebody listens at the comm and at the logs address.
        prepare: called in the new process before it becomes the program.
        inherits: whether the process gets the environment of the tests, too.
    """

    def __init__(
        self,
        command: list[str],
        folder: Path,
        task: str,
        when: str,
        how: str,
        *,
        env: Mapping[str, str] | None = None,
        listen: tuple[bool, bool] = (True, True),
        prepare: Callable[[], object] | None = None,
        inherits: bool = True,
    ) -> None:
        self.seen = Seen()
        self.folder, self.temporary = folder, folder / "tmp"
        self.temporary.mkdir(parents=True)
        self.mark = uuid.uuid4().hex
        self.task = task
        self.requests: list[tuple[int, dict[str, Any]]] = []
        self.answering = threading.Event()  # cleared: the supervisor is silent
        self.answering.set()
        self.reading_comm, self.reading_logs = threading.Event(), threading.Event()
        self.reading_comm.set()
        self.reading_logs.set()
        self.reply: Callable[[Trial, int, dict[str, Any]], bool] = lambda _trial, _id, _body: False
        self.pause_s = 0.0  # before each piece of comm that is read
        self.comm: socket.socket | None = None
        self.logs: socket.socket | None = None
        self._servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        ports = [server.getsockname()[1] for server in self._servers]
        for server, is_open in zip(self._servers, listen, strict=True):
            server.settimeout(STEP_S)
            if not is_open:
                server.close()
        own = {"TMPDIR": str(self.temporary), "TRAP_FOLDER": str(folder), "TRAP_TASK": task, MARK: self.mark}
        names = {"TRAP_WHEN": when, "TRAP_HOW": how, "DAGFLOE_REPLY_TIMEOUT_S": "20"}
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            [*command, f"--comm=127.0.0.1:{ports[0]}", f"--logs=127.0.0.1:{ports[1]}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**(os.environ if inherits else {}), **own, **names, **(env or {})},
            preexec_fn=prepare,  # noqa: PLW1509 - the harness starts it before its own threads hold locks
            cwd=folder,
        )
        assert self.process.stdout
        assert self.process.stderr
        self._threads = [
            threading.Thread(target=target, args=arguments, daemon=True)
            for target, arguments in (
                (self._serve_comm, (listen[0],)),
                (self._serve_logs, (listen[1],)),
                (self._drain, (self.process.stdout, "stdout")),
                (self._drain, (self.process.stderr, "stderr")),
            )
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.answering.set()
        self.reading_comm.set()
        self.reading_logs.set()
        for pid in self.list_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.kill()
        self.process.wait(STEP_S)
        for thread in self._threads:
            thread.join(STEP_S)
        for sock in (*self._servers, self.comm, self.logs):
            if sock is not None:
                sock.close()

    def wait_for(self, condition: Callable[[], object], seconds: float = STEP_S) -> bool:
        """Wait until a condition is true; return whether it became true in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_S)
        return True

    def reached(self, stage: str) -> int:
        """Wait until the task reaches a stage; return the pid of its process."""
        path = self.folder / stage.replace(" ", "-")
        assert self.wait_for(lambda: path.exists() or self.process.poll() is not None), f"not reached: {stage}"
        return int(path.read_text()) if path.exists() else 0

    def go(self, name: str = "go") -> None:
        """Let a task go on that holds at a stage."""
        (self.folder / name).touch()

    def asked(self, kind: str) -> tuple[int, dict[str, Any]]:
        """Wait for a request; return it."""

        def find() -> list[tuple[int, dict[str, Any]]]:
            return [request for request in self.requests if request[1]["type"] == kind]

        assert self.wait_for(lambda: find() or self.process.poll() is not None), f"not asked: {kind}"
        return find()[0] if find() else (-1, {})

    def queued(self) -> int:
        """How many bytes of comm the supervisor has not read."""
        count = array.array("i", [0])
        if self.comm is not None:
            fcntl.ioctl(self.comm, termios.FIONREAD, count)
        return count[0]

    def send(self, data: bytes) -> None:
        """Send bytes on comm."""
        if self.comm is not None:
            try:
                self.comm.sendall(data)
            except OSError:
                return

    def finish(self, bound_s: float) -> Seen:
        """Wait for the end, as the supervisor does: after the bound, the process is killed."""
        seen = self.seen
        try:
            seen.status = self.process.wait(bound_s)
        except subprocess.TimeoutExpired:
            seen.escalated = True
            self.process.kill()
            seen.status = self.process.wait(STEP_S)
        seen.seconds = time.monotonic() - self._began
        self.reading_comm.set()
        self.reading_logs.set()
        # A process that was left behind may hold the pipes; the watch ends it within 3 s.
        self.wait_for(lambda: not self.list_pids(), 8.0)
        seen.processes = [str(pid) for pid in self.list_pids()]
        for pid in self.list_pids():
            os.kill(pid, signal.SIGKILL)
        for thread in self._threads:
            thread.join(STEP_S)
        seen.files = sorted(path.name for path in self.temporary.iterdir())
        return seen

    def list_pids(self) -> list[int]:
        """The living processes of this run."""
        mark, pids = f"{MARK}={self.mark}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                    continue
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    pids.append(int(folder.name))
            except OSError:
                continue
        return pids

    def _accept(self, index: int) -> socket.socket | None:
        try:
            return self._servers[index].accept()[0]
        except OSError:
            return None

    def _serve_comm(self, is_open: bool) -> None:
        sock = self._accept(0) if is_open else None
        if sock is None:
            return
        sock.settimeout(None)
        self.comm = sock
        self.answering.wait(STEP_S)
        self.send(pack([0, startup(self.task, "faults"), None]))
        buffer = bytearray()
        while data := self._read(sock, self.reading_comm):
            self.seen.comm += data if len(self.seen.comm) < 1 << 20 else b""
            buffer += data
            while len(buffer) >= 4 and len(buffer) >= 4 + (length := int.from_bytes(buffer[:4], "big")):
                frame = bytes(buffer[4 : 4 + length])
                del buffer[: 4 + length]
                self._take(frame)

    def _take(self, frame: bytes) -> None:
        try:
            frame_id, body, *_ = msgpack.unpackb(frame, timestamp=3)
        except (ValueError, TypeError):
            self.seen.terminal.append({"type": "not a frame"})
            return
        if frame_id == 0:
            self.seen.terminal.append(body)
        self.requests.append((frame_id, {key: value for key, value in body.items() if key != "value"}))
        self.answering.wait(STEP_S)
        if not self.reply(self, frame_id, body):
            self.answer(frame_id, body)

    def answer(self, frame_id: int, body: Mapping[str, Any]) -> None:
        """Answer a request as Airflow does."""
        replies = {
            "GetVariable": {"type": "VariableResult", "key": body.get("key"), "value": "go"},
            "GetConnection": {
                "type": "ConnectionResult",
                "conn_id": "db",
                "conn_type": "postgres",
                "host": "db.example",
                "password": PASSWORD,
            },
        }
        self.send(pack([frame_id, replies.get(body["type"]), None]))

    def _read(self, sock: socket.socket, gate: threading.Event) -> bytes:
        gate.wait(2 * STEP_S)
        if self.pause_s and gate is self.reading_comm:
            time.sleep(self.pause_s)
        try:
            return sock.recv(1 << 18)
        except OSError:
            return b""

    def _serve_logs(self, is_open: bool) -> None:
        sock = self._accept(1) if is_open else None
        if sock is None:
            return
        sock.settimeout(None)
        self.logs = sock
        pieces = []
        while data := self._read(sock, self.reading_logs):
            pieces.append(data)
            self.seen.logs = b"".join(pieces) if len(pieces) < 100 else self.seen.logs
        self.seen.logs = b"".join(pieces)

    def _drain(self, pipe: Any, name: str) -> None:
        with pipe:
            while data := os.read(pipe.fileno(), 1 << 16):
                setattr(self.seen, name, getattr(self.seen, name) + data)
