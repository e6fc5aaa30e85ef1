"""Running the programs of a build."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from dagfloe.build.child_process import clean_environment, run_captured, run_step
from dagfloe.format.errors import FreezeError
from support.peer import until

#: Starts a grandchild, writes its pid to a file, and never ends.
_FAMILY = """
import subprocess, sys, threading
child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
open(sys.argv[1], "w").write(str(child.pid))
threading.Event().wait()
"""


def test_caller_cannot_change_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that change Python, pip or the loader are dropped; those for the source of packages stay."""
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "_MEIPASS2"):
        monkeypatch.setenv(name, "x")
    for name in ("PIP_INDEX_URL", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "source")
    env = clean_environment({"EXTRA": "1"})
    assert not [name for name, value in env.items() if value == "x"]
    assert (env["PIP_INDEX_URL"], env["HTTPS_PROXY"], env["EXTRA"]) == ("source", "source", "1")


def test_failing_step(tmp_path: Path) -> None:
    """The error names the step, the line of its output with the reason, and the log."""
    log = tmp_path / "log"
    script = "print('Collecting'); print('ERROR: no such package'); print('hint: see docs'); raise SystemExit(3)"
    with pytest.raises(FreezeError, match=r"installing failed \(status 3\): ERROR: no such package; .*log"):
        run_step("installing", [sys.executable, "-c", script], log, timeout_s=20)
    assert "hint: see docs" in log.read_text()


def test_output_is_echoed_and_logged(tmp_path: Path) -> None:
    """A verbose step passes every line on as it comes, and writes it to the log."""
    lines: list[str] = []
    run_step(
        "x", [sys.executable, "-c", "print('one'); print('two')"], tmp_path / "log", timeout_s=20, echo=lines.append
    )
    assert lines == ["one", "two"]
    assert (tmp_path / "log").read_text().endswith("one\ntwo\n")


def _has_ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_step_that_takes_too_long(tmp_path: Path) -> None:
    """A step that takes too long is killed with all its children."""
    command = [sys.executable, "-c", _FAMILY, str(tmp_path / "pid")]
    with pytest.raises(FreezeError, match="was stopped after 2 s"):
        run_step("x", command, tmp_path / "log", timeout_s=2)
    until(lambda: _has_ended(int((tmp_path / "pid").read_text())), "the grandchild's end")


def test_program_that_takes_too_long(tmp_path: Path) -> None:
    """A program that takes too long is killed with all its children."""
    command = [sys.executable, "-c", _FAMILY, str(tmp_path / "pid")]
    with pytest.raises(FreezeError, match="within 2 s"):
        run_captured("x", command, timeout_s=2, env=clean_environment())
    until(lambda: _has_ended(int((tmp_path / "pid").read_text())), "the grandchild's end")


def test_output_of_a_program() -> None:
    """Status, stdout and stderr are returned; the error for a program that cannot be started names it."""
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(4)"
    assert run_captured("x", [sys.executable, "-c", script], timeout_s=20, env={}) == (4, "out\n", "err\n")
    dying = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_captured("x", [sys.executable, "-c", dying], timeout_s=20, env={})[0] == -signal.SIGKILL
    with pytest.raises(FreezeError, match="/nowhere/at-all cannot be started"):
        run_captured("x", ["/nowhere/at-all"], timeout_s=20, env={})
