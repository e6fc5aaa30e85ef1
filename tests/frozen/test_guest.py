"""A frozen program on its host: worker processes, other programs, files, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.peer import Peer, startup, until, value_of


def test_multiprocessing_spawn(guest: Path) -> None:
    """A task may use a pool of spawned workers."""
    assert value_of(guest, "guest", "spawn") == [1, 4, 9]


def test_programs_do_not_inherit_the_library_path(guest: Path) -> None:
    """Programs that a task starts get the host's library path, or none if the host has none."""
    assert value_of(guest, "guest", "program") == {"child": "None", "own": None}
    assert value_of(guest, "guest", "program", {"LD_LIBRARY_PATH": "/opt/x"}) == {"child": "/opt/x", "own": "/opt/x"}


def test_library_path_works_as_in_an_ordinary_python(guest: Path, tmp_path: Path) -> None:
    """A task loads its own libraries from the host's library path, as in an ordinary Python process."""
    source = tmp_path / "answer.c"
    source.write_text("int answer(void) { return 42; }\n")
    subprocess.run(["cc", "-shared", "-o", tmp_path / "libanswer.so", source], check=True)
    code = "import ctypes; print(ctypes.CDLL('libanswer.so').answer())"
    env = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    ordinary = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert value_of(guest, "guest", "load_library", {"LD_LIBRARY_PATH": str(tmp_path)}) == int(ordinary.stdout) == 42


@pytest.mark.parametrize(
    "name", ["libc.so.6", "libz.so.1", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libssl.so.3"]
)
def test_damaged_library_on_the_library_path(guest: Path, form: str, tmp_path: Path, name: str) -> None:
    """The launcher starts the program with its own libraries and the host's C library."""
    if form == "one file":
        pytest.skip("the one-file form has no launcher")
    (tmp_path / name).write_text("no library")
    assert value_of(guest, "guest", "square_of_two", {"LD_LIBRARY_PATH": str(tmp_path)}) == 4


@pytest.mark.parametrize("name", ["PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "PYTHONHOME", "PYTHONPATH"])
def test_variables_of_python(guest: Path, name: str) -> None:
    """Variables of the worker's Python change neither the program nor its worker processes."""
    assert value_of(guest, "guest", "spawn", {name: "/nowhere"}) == [1, 4, 9]


def test_closed_standard_streams(guest: Path) -> None:
    """If the standard streams are closed at the start, what C code writes to them gets into no socket."""
    with Peer(["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', str(guest)]) as peer:
        peer.send(0, startup("write_in_c", "guest"))
        frame_id, body = peer.expect("SetXCom")
        assert body["value"] == 2
        peer.send(frame_id)
        assert peer.finish()["type"] == "SucceedTask"
        assert not [event for event in peer.events() if "written in C" in event]


def test_files_and_metadata_come_along(guest: Path) -> None:
    """Data files are beside the module, and the metadata of a declared dependency is included."""
    value = value_of(guest, "guest", "files", {"SSL_CERT_FILE": "/chosen.pem"})
    assert value["note"] == "a data file"
    assert value["version"]
    assert value["certs"] == "/chosen.pem"


def alive(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_signal_reaches_the_task(guest: Path, tmp_path: Path, number: signal.Signals) -> None:
    """A stop signal to the started process stops the task and leaves nothing."""
    with Peer([str(guest)], {"TMPDIR": str(tmp_path)}) as peer:
        peer.send(0, startup("wait", "guest"))
        pid = int(peer.record("pids")["event"].split()[1])
        peer.process.send_signal(number)
        assert peer.finish()["state"] == "failed"
        assert not alive(pid)
    assert list(tmp_path.iterdir()) == []


def test_killed_process_leaves_nothing(guest: Path, tmp_path: Path) -> None:
    """SIGKILL of the launcher, or of a one-file program's parent process, ends the task and leaves nothing."""
    with Peer([str(guest)], {"TMPDIR": str(tmp_path)}) as peer:
        peer.send(0, startup("wait", "guest"))
        _, own, parent, folder = peer.record("pids")["event"].split()
        is_one_file = Path(folder).parent == tmp_path
        assert int(parent) == peer.process.pid
        peer.process.kill()
        assert peer.wait() == -signal.SIGKILL
        until(lambda: not alive(int(own)), "the end of the task's process")
        if is_one_file:
            until(lambda: not Path(folder).exists(), "the end of the unpacking folder")
    assert list(tmp_path.iterdir()) == []


def test_status_of_a_killed_task(guest: Path, tmp_path: Path) -> None:
    """If the task's own process gets SIGKILL, the started process ends with that signal and leaves nothing."""
    with Peer([str(guest)], {"TMPDIR": str(tmp_path)}) as peer:
        peer.send(0, startup("wait", "guest"))
        os.kill(int(peer.record("pids")["event"].split()[1]), signal.SIGKILL)
        assert peer.wait() == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("task_id", ["segfault", "exit"])
def test_status_of_a_crash(guest: Path, tmp_path: Path, task_id: str) -> None:
    """A crash or `os._exit` in the author's code gives its own exit status, and the log has the records before it."""
    with Peer([str(guest)], {"TMPDIR": str(tmp_path)}) as peer:
        peer.send(0, startup(task_id, "guest"))
        assert peer.wait() == {"segfault": -signal.SIGSEGV, "exit": 7}[task_id]
        assert "last words" in peer.events()
        if task_id == "segfault":
            assert peer.process.stderr is not None
            assert b"Fatal Python error: Segmentation fault" in peer.process.stderr.read()


def test_library_modules_work_as_in_an_ordinary_python(guest: Path) -> None:
    """PyInstaller's hooks for inspect and pkgutil work when these are imported late."""
    assert value_of(guest, "guest", "library") == {"source": True, "modules": True}
