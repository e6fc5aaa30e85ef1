"""How a bundle's process can end during a task, and checks that nothing is left; the task is in tests/demo/guest."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.peer import DEADLINE_S, Peer, startup, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "DAGFLOE_TEST_RUN"


@dataclass(frozen=True)
class Death:
    """An end of the process.

    Attributes:
        name: the row of the table.
        ending: the last action of the task.
        act: what the supervisor or another process does after it.
        status: the exit status that the supervisor sees; None if the supervisor ends, too.
        state: the state in the terminal message; None if the bundle sends none.
        last_record: the last record of the task; None if no process is left to read it.
    """

    name: str
    ending: str
    status: int | None
    state: str | None = None
    act: Callable[[Peer, dict[str, Any]], object] = lambda _peer, _pids: None
    last_record: str | None = "last words"


def _signal(number: int) -> Callable[[Peer, dict[str, Any]], object]:
    return lambda peer, _pids: peer.process.send_signal(number)


def _kill(*names: str) -> Callable[[Peer, dict[str, Any]], object]:
    def act(_peer: Peer, pids: dict[str, Any]) -> None:
        for pid in {pids[name] for name in names}:
            os.kill(pid, signal.SIGKILL)

    return act


def _deaf(peer: Peer, pids: dict[str, Any]) -> None:
    """Send SIGKILL after SIGTERM had no effect, as the supervisor does."""
    peer.record("deaf now")
    peer.process.send_signal(signal.SIGTERM)
    assert pids["alive"]()
    peer.process.kill()


def _close(name: str) -> Callable[[Peer, dict[str, Any]], object]:
    def act(peer: Peer, _pids: dict[str, Any]) -> None:
        if name == "comm, one way":
            peer.comm.shutdown(socket.SHUT_WR)
        elif name == "comm":
            peer.comm.shutdown(socket.SHUT_RDWR)
        else:
            peer.logs.shutdown(socket.SHUT_RDWR)

    return act


DEATHS = (
    Death("the task returns", "return", 0, "success"),
    Death("an exception", "exception", 0, "failed"),
    Death("`SystemExit`", "SystemExit", 0, "failed"),
    Death("SIGTERM", "wait", 0, "failed", _signal(signal.SIGTERM)),
    Death("SIGINT", "wait", 0, "failed", _signal(signal.SIGINT)),
    Death("SIGTERM to a task that blocks it, then SIGKILL", "deaf", -signal.SIGKILL, None, _deaf, "deaf now"),
    Death("SIGKILL of the started process", "wait", -signal.SIGKILL, None, _kill("started")),
    Death("SIGKILL of the task's process", "wait", -signal.SIGKILL, None, _kill("own")),
    Death("SIGKILL of both at once", "wait", -signal.SIGKILL, None, _kill("started", "own")),
    Death("the supervisor is killed", "wait", None, None, last_record=None),
    Death("the comm socket is half open: the supervisor sends no more", "wait", 1, None, _close("comm, one way")),
    Death("the comm socket is closed", "wait", 1, None, _close("comm")),
    Death("the logs socket is closed", "return", 0, "success", _close("logs"), last_record=None),
    Death("a segmentation fault", "segmentation fault", -signal.SIGSEGV),
    Death("`os.abort`", "abort", -signal.SIGABRT),
    Death("`os._exit(7)`", "os._exit", 7),
    Death("`os._exit(0)`", "os._exit(0)", 1),
    Death("killed for lack of memory", "out of memory", -signal.SIGKILL),
)


@dataclass
class Scene:
    """One run of a bundle, up to its end.

    Attributes:
        file: the bundle file.
        folder: an empty folder, for temporary files.
    """

    file: Path
    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def env(self) -> dict[str, str]:
        """The additional environment variables of the bundle."""
        return {"TMPDIR": str(self.folder), MARK: self.mark}

    def run(self, death: Death) -> int | None:
        """Let the process end; return the exit status, or None if the supervisor ends, too."""
        if death.name == "the supervisor is killed":
            pids = self._with_killed_supervisor(death)
            status = None
        else:
            status, pids = self._with_supervisor(death)
        until(lambda: not self.list_processes(pids), f"the end of {self.list_processes(pids)} after {death.name}")
        if death.name == "SIGKILL of both at once" and any(self.folder.iterdir()):
            self.next_start()
        until(lambda: not any(self.folder.iterdir()), f"the end of folders after {death.name}")
        return status

    def next_start(self) -> None:
        """Start a bundle on this host again: a start deletes what killed processes left."""
        with Peer([str(self.file)], {**self.env, "ENDING": "return"}) as peer:
            peer.send(0, startup("square_of_two", "guest"))
            frame_id, _ = peer.expect("SetXCom")
            peer.send(frame_id)
            assert peer.finish()["type"] == "SucceedTask"

    def list_processes(self, pids: dict[str, Any]) -> list[str]:
        """The processes that are left, as strings."""
        pids_of_run = {pids["own"], pids["started"], *pids["children"]}
        processes = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    continue
                command = (folder / "cmdline").read_bytes()
                watch = command.startswith(f"dagfloe-watch\0{pids['own']}\0".encode())
                marked = f"{MARK}={self.mark}".encode() in (folder / "environ").read_bytes().split(b"\0")
                if watch or marked or (int(folder.name) in pids_of_run and b"sleep" in command):
                    processes.append(f"{folder.name} {command!r}")
            except OSError:
                continue
        return processes

    def _with_supervisor(self, death: Death) -> tuple[int, dict[str, Any]]:
        with Peer([str(self.file)], {**self.env, "ENDING": death.ending}) as peer:
            pids = self.begin(peer)
            with _memory_limit(pids["own"]) if death.ending == "out of memory" else _nothing():
                peer.send(pids["go"], {"type": "VariableResult", "key": "go", "value": "go"})
                if death.last_record and death.ending != "wait":
                    peer.record("last words")
                elif death.ending == "wait":
                    peer.record("waiting")
                death.act(peer, pids)
                if death.state:
                    frame_id, body = peer.receive()
                    assert (frame_id, body["state"]) == (0, death.state)
                    peer.send(0)
                status = peer.wait()
            if death.last_record:
                events = [record["event"] for record in peer.records] + peer.events()
                assert any(death.last_record in event for event in events), events
            if death.ending in ("segmentation fault", "abort"):
                assert peer.process.stderr
                assert b"Fatal Python error" in peer.process.stderr.read()
        return status, pids

    def begin(self, peer: Peer) -> dict[str, Any]:
        """Start the task; return the ids of its processes, and of the frame that it waits for."""
        peer.send(0, startup("ending", "guest"))
        pids: dict[str, Any] = json.loads(peer.record("pids")["event"].partition(" ")[2])
        pids["started"] = peer.process.pid
        pids["alive"] = lambda: peer.process.poll() is None
        pids["go"], _ = peer.expect("GetVariable")
        return pids

    def _with_killed_supervisor(self, death: Death) -> dict[str, Any]:
        command = [sys.executable, "-m", "support.deaths", str(self.file), str(self.folder), self.mark, death.ending]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as supervisor:
            assert supervisor.stdout
            pids: dict[str, Any] = json.loads(supervisor.stdout.readline())
            supervisor.kill()
            supervisor.wait(DEADLINE_S)
        return pids


def be_supervisor(file: str, folder: str, mark: str, ending: str) -> None:
    """Run a bundle until it waits, print its processes, and wait to be killed."""
    scene = Scene(Path(file), Path(folder), mark)
    with Peer([file], {**scene.env, "ENDING": ending}) as peer:
        pids = scene.begin(peer)
        peer.send(pids["go"], {"type": "VariableResult", "key": "go", "value": "go"})
        peer.record("waiting")
        del pids["alive"]
        sys.stdout.write(json.dumps(pids) + "\n")
        sys.stdout.flush()
        signal.pause()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def can_limit_memory() -> bool:
    """Whether this user can create a memory limit, so that the kernel kills a process."""
    return any(os.access(folder, os.W_OK) for folder in _memory_groups())


def _memory_groups() -> list[Path]:
    """The cgroup folders in which a memory limit can be created, for both cgroup versions."""
    own = Path("/proc/self/cgroup").read_text().splitlines()
    version_1 = [line.split(":", 2)[2] for line in own if ":memory:" in line]
    if version_1:
        return [Path(f"/sys/fs/cgroup/memory{path}") for path in version_1]
    root = Path("/sys/fs/cgroup")
    return [root] if "memory" in (root / "cgroup.subtree_control").read_text().split() else []


@contextmanager
def _memory_limit(pid: int) -> Iterator[None]:
    """Limit a process's memory, so that the kernel kills it when it needs more."""
    (parent,) = _memory_groups()
    group = parent / f"dagfloe-test-{uuid.uuid4().hex[:8]}"
    group.mkdir()
    try:
        limit = next(name for name in ("memory.limit_in_bytes", "memory.max") if (group / name).exists())
        (group / limit).write_text(str(64 << 20))
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        until(lambda: _removed(group), "the end of the group of processes")


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


if __name__ == "__main__":
    be_supervisor(*sys.argv[1:])
