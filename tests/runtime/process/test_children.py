"""The processes that a task starts end with the bundle's process. The watch is the real launcher."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagfloe.build import launcher as launcher_package
from support.peer import DEADLINE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

LAUNCHER = Path(launcher_package.__file__).parent / "launcher"
SCRIPT = """
import multiprocessing, os, signal, subprocess, sys, time
from dagfloe.runtime.process.children import end_children_with_us

def log(level, logger, event):
    print(event, file=sys.stderr)

def start(*command, **options):
    return subprocess.Popen(command, **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL), **options).pid

def daemon():
    reader, writer = os.pipe()
    subprocess.run(
        ["sh", "-c", f"setsid sleep 300 >&- & echo $! >&{writer}"], check=True, pass_fds=[writer]
    )
    return int(os.read(reader, 20))

def forked():
    pid = os.fork()
    if pid == 0:
        os.execvp("sleep", ["sleep", "300"])
    return pid

def spawned():
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(300,), daemon=True)
    process.start()
    return process.pid

STARTS = {
    "plain": lambda: start("sleep", "300"),
    "session": lambda: start("sleep", "300", start_new_session=True),
    "bare": lambda: start("/bin/sleep", "300", env={}),
    "stubborn": lambda: start(
        sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    ),
    "daemon": daemon,
    "forked": forked,
    "spawned": spawned,
    "posix_spawn": lambda: os.posix_spawn("/bin/sleep", ["sleep", "300"], os.environ),
    "large": lambda: start(
        "/bin/sleep",
        "300",
        env={**{f"V{number}": "x" * 120_000 for number in range(12)}, **os.environ},
        start_new_session=True,
    ),
    "tidy": lambda: start(
        "sh",
        "-c",
        "trap 'echo tidy > tidied; exit' TERM; echo ready > ready; while :; do sleep 0.1; done",
        start_new_session=True,
    ),
    "lost": lambda: start("/bin/sleep", "300", env={}, start_new_session=True),
}

if __name__ == "__main__":
    end_children_with_us(sys.argv[1], os.environ, log)
    print(*(STARTS[name]() for name in sys.argv[2:]), flush=True)
    match sys.stdin.readline().strip():
        case "raise":
            raise RuntimeError
        case "wait":
            os.wait()
            try:
                os.wait()
            except ChildProcessError:
                print("no child left", flush=True)
        case number if number:
            os.kill(os.getpid(), int(number))
"""


class Task:
    """A task process that starts other processes."""

    def __init__(self, script: Path, *names: str, launcher: Path = LAUNCHER, folder: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(launcher), *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        assert self.process.stdout
        self.children = [int(pid) for pid in self.process.stdout.readline().split()]

    def end(self, how: str) -> str:
        """Let the task end; return its output until all its processes are gone."""
        output, errors = self.process.communicate(f"{how}\n", timeout=DEADLINE_S)
        until(lambda: not is_watched(self), "the end of the watch")
        return output + errors


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The program of a task."""
    path = tmp_path / "task.py"
    path.write_text(SCRIPT)
    return path


def alive(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_watched(task: Task) -> bool:
    """Whether a watch runs for a task."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(f"dagfloe-watch\0{task.process.pid}\0".encode()):
                return True
        except OSError:
            continue
    return False


ALL = ("plain", "session", "bare", "daemon", "forked", "spawned", "posix_spawn")


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("", 0),
        ("raise", 1),
        (str(int(signal.SIGTERM)), -signal.SIGTERM),
        (str(int(signal.SIGKILL)), -signal.SIGKILL),
        (str(int(signal.SIGSEGV)), -signal.SIGSEGV),
    ],
)
def test_processes_end_with_the_task(script: Path, how: str, status: int) -> None:
    """However the process ends, and however it started others, all of them end. Its own status is unchanged."""
    task = Task(script, *ALL)
    assert len(task.children) == len(ALL)
    assert all(map(alive, task.children))
    task.end(how)
    assert task.process.returncode == status
    assert not any(map(alive, task.children))


def test_processes_that_ignore_the_signal_are_killed(script: Path) -> None:
    """Processes get SIGTERM first, and SIGKILL if they do not end."""
    task = Task(script, "stubborn")
    task.end("9")
    assert not alive(task.children[0])


CROWD = """
import os, signal, sys
for number in range(int(sys.argv[1])):
    if os.fork() == 0:
        signal.pause()
print("ready", flush=True)
signal.pause()
"""
CROWD_SIZE = 700


@pytest.fixture
def crowd() -> Iterator[None]:
    """Many other processes on the host, each with an environment of its own."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", CROWD, str(CROWD_SIZE)],
        stdout=subprocess.PIPE,
        env={"FILLING": "x" * 60_000},
        start_new_session=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.usefixtures("crowd")
def test_watch_keeps_to_the_clock_on_a_crowded_host(script: Path) -> None:
    """SIGKILL follows SIGTERM after 3 s, however many processes the watch has to search through.

    When the watch counted its searches instead of the time, this took 18 s on an idle machine.
    """
    task = Task(script, "stubborn")
    start = time.monotonic()
    task.end("9")
    seconds = time.monotonic() - start
    assert not alive(task.children[0])
    assert seconds < 9


def test_processes_with_large_environments_end(script: Path) -> None:
    """A mark is found wherever it is in an environment, and however large that is."""
    task = Task(script, "large")
    task.end("9")
    assert not alive(task.children[0])


def test_stopped_processes_can_clean_up(script: Path, tmp_path: Path) -> None:
    """A process that was stopped continues, so that it receives SIGTERM."""
    task = Task(script, "tidy", folder=tmp_path)
    until((tmp_path / "ready").exists, "the start of the process")
    os.kill(task.children[0], signal.SIGSTOP)
    task.end("9")
    assert not alive(task.children[0])
    assert (tmp_path / "tidied").exists()


def test_process_with_its_own_group_and_environment_stays(script: Path) -> None:
    """A process that has left the group and changed its environment is not ended."""
    task = Task(script, "plain", "lost")
    task.end("9")
    assert not alive(task.children[0])
    assert alive(task.children[1])
    os.kill(task.children[1], signal.SIGKILL)


def test_task_that_starts_nothing_is_alone(script: Path) -> None:
    """A task that starts no process has no watch."""
    task = Task(script)
    assert not is_watched(task)
    assert os.getpgid(task.process.pid) != task.process.pid
    task.end("")


def test_watch_is_not_a_child(script: Path) -> None:
    """The watch is not a child of the task, so waiting for all children does not hang."""
    task = Task(script, "posix_spawn")
    assert is_watched(task)
    os.kill(task.children[0], signal.SIGKILL)
    assert task.end("wait") == "no child left\n"


def test_watch_that_cannot_be_started(script: Path) -> None:
    """If the watch cannot be started, the task still runs, and the log says what this means."""
    task = Task(script, "plain", launcher=Path("/nowhere"))
    output = task.end("")
    assert task.process.returncode == 0
    assert "Processes that the task starts may outlive it, because they cannot be watched: " in output
    os.kill(task.children[0], signal.SIGKILL)
