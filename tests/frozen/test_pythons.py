"""A frozen program as the Python of the processes that its tasks start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.bundle_files import ROOT
from support.peer import Peer, startup, until, value_of
from support.python_command_lines import command_lines, normalize, run_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: A task runs so many command lines, so that it ends within the deadline of `Peer` on a busy host.
COUNT = 16


@pytest.fixture(scope="module")
def pythons(
    form: str,
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., subprocess.CompletedProcess[str]],
) -> Path:
    """The bundle file of tests/demo/pythons."""
    output = tmp_path_factory.mktemp("files")
    project = ROOT / "tests" / "demo" / "pythons"
    answer = build(project, output, *(["--one-file"] if form == "one file" else []))
    assert answer.returncode == 0, answer.stderr
    return output / "pythons"


def test_command_lines(pythons: Path, form: str, tmp_path: Path) -> None:
    """A program that a task starts with `sys.executable` does what the Python of the project does."""
    (tmp_path / "files").mkdir()
    lines = command_lines(tmp_path / "files")
    if form == "one file":
        lines = lines[::8]  # it unpacks itself for some of them
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    path = tmp_path / "lines.json"
    different = []
    for first in range(0, len(lines), COUNT):
        chunk = lines[first : first + COUNT]
        path.write_text(json.dumps([line.fields() for line in chunk]))
        unset = {name: "" for name in os.environ if name.startswith("PYTHON")}
        program, answers = value_of(pythons, "pythons", "run", {**unset, "COMMAND_LINES": str(path)})
        for line, answer in zip(chunk, answers, strict=True):
            expected = normalize(run_with([sys.executable], line, env), sys.executable)
            if normalize(answer, program) != expected:
                different.append((line.arguments, line.env, expected, answer))
    assert different == []


def test_cleared_environment(pythons: Path) -> None:
    """A task may start a Python without any variable."""
    names = value_of(pythons, "pythons", "clear")
    assert [name for name in names if not name.startswith(("_PYI_", "LC_"))] == []


def test_output_of_a_python(pythons: Path) -> None:
    """What such a process writes to the streams that it inherits goes to the supervisor."""
    with Peer([str(pythons)]) as peer:
        peer.send(0, startup("inherit", "pythons"))
        assert peer.finish()["type"] == "SucceedTask"
        stdout, stderr = peer.process.communicate(timeout=60)
    assert b"to stdout" in stdout
    assert b"to stderr" in stderr


def test_joblib(pythons: Path) -> None:
    """The workers of joblib run functions of the bundle's module, and functions that cannot be imported."""
    assert value_of(pythons, "pythons", "joblib_workers") == [0, 1, 4, 9, 16]
    assert value_of(pythons, "pythons", "joblib_lambdas") == [10, 11, 12, 13, 14]


def test_executors(pythons: Path) -> None:
    """The workers of the standard library run functions of the bundle's module, whatever starts them."""
    assert set(map(tuple, value_of(pythons, "pythons", "executors").values())) == {(0, 1, 4, 9, 16)}


def test_multiprocess(pythons: Path) -> None:
    """So do those of `multiprocess`, whose functions need no name."""
    assert set(map(tuple, value_of(pythons, "pythons", "multiprocess_pools").values())) == {(1, 2, 3, 4, 5)}


def test_imports_after_the_task(pythons: Path, tmp_path: Path) -> None:
    """Such a process has its modules until it ends, also if it ends after the task: trackers of resources do."""
    answer = tmp_path / "answer.txt"
    with Peer([str(pythons)], {"ANSWER": str(answer), "TMPDIR": str(tmp_path)}) as peer:
        peer.send(0, startup("late_imports", "pythons"))
        assert peer.finish()["type"] == "SucceedTask"
    until(answer.exists, "the end of the process")
    until(answer.read_text, "the answer of the process")
    assert answer.read_text() == "imported"
    until(lambda: [*tmp_path.iterdir()] == [answer], "the end of the unpacked folder")


def test_command_line_of_a_person(pythons: Path) -> None:
    """The bundle file itself is no Python: its command line stays as it is."""
    for arguments in (["-c", "print(1)"], ["-m", "json"], ["script.py"]):
        answer = subprocess.run([pythons, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert (answer.returncode, answer.stdout) == (2, "")
        assert "Usage: pythons" in answer.stderr
