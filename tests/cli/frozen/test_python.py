"""A frozen program as a Python: each command line has the outcome that it has with CPython."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from support.python_command_lines import command_lines, normalize, run_with

SOURCES = Path(__file__).parents[3] / "src"
#: Runs a command line as the frozen program does, with the sources of dagfloe.
START = f"""
import builtins, sys
path = sys.path[:]
sys.path.insert(0, {str(SOURCES)!r})
from dagfloe.cli.frozen.python import run_python
sys.path[:] = path
del builtins.exit, builtins.quit
raise SystemExit(run_python(sys.argv[1:]))
"""

#: The test is this many tests, because each has a deadline.
PARTS = 6


@pytest.mark.parametrize("part", range(PARTS))
def test_command_lines(tmp_path: Path, part: int) -> None:
    """The status and the output are those of CPython."""
    (tmp_path / "start").write_text(START)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    (tmp_path / "files").mkdir()
    different = []
    for line in command_lines(tmp_path / "files")[part::PARTS]:
        expected = normalize(run_with([sys.executable], line, env), sys.executable)
        answer = normalize(run_with([sys.executable, "-I", str(tmp_path / "start")], line, env), sys.executable)
        if answer != expected:
            different.append((line.arguments, line.env, expected, answer))
    assert different == []
