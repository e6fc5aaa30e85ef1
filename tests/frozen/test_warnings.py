"""The build warns of what works on its machine and may not on a worker."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

from support.peer import value_of
from support.quoted_messages import shows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., subprocess.CompletedProcess[str]]

TASKS = """
import ctypes
import os
import sys
from pathlib import Path
from dagfloe import Bundle
sys.path.append({shared!r})
import elsewhere
bundle = Bundle()
dag = bundle.dag("places")

@dag.task
def paths():
    names = [open({data!r}), open("/etc/hostname")]
    return names, (Path.cwd() / "data.csv").read_text()

@dag.task
def library():
    ctypes.CDLL("libc.so.6")
    return ctypes.CDLL("libanswer.so").answer()
"""


def test_warnings(tmp_path: Path, build: Build) -> None:
    """Each warning names the line, and the advice on a library is right."""
    root, shared = tmp_path / "project", tmp_path / "shared"
    (root / "libs").mkdir(parents=True)
    shared.mkdir()
    (shared / "elsewhere.py").touch()
    (root / "data.csv").write_text("a,b")
    (root / "tasks.py").write_text(TASKS.format(data=str(root / "data.csv"), shared=str(shared)))
    source = tmp_path / "answer.c"
    source.write_text("int answer(void) { return 42; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", root / "libs" / "libanswer.so", source], check=True)
    write(root)
    answer = build(root, tmp_path / "files")
    assert answer.returncode == 0, answer.stderr
    warnings = [line for line in answer.stderr.splitlines() if line.startswith(("warning", "    "))]
    for pattern in (
        r"tasks\.py:14 names \S+/project/data\.csv, which only this machine has: .*\.parent / 'data\.csv'",
        r"tasks\.py:15 reads data\.csv in the current folder, which is another one on a worker",
        r"tasks\.py:20 loads libanswer\.so, which is not in the file\. Add to \[tool\.dagfloe\]",
        r"the module elsewhere comes from \S+/shared/elsewhere\.py, which is not in the file",
    ):
        assert [line for line in warnings if re.search(pattern, line)], (pattern, answer.stderr)
    assert len([line for line in warnings if line.startswith("warning")]) == 4, answer.stderr
    shows("names …, which only this machine has", answer.stderr)
    shows("reads … in the current folder, which is another one on a worker", answer.stderr)
    shows("loads …, which is not in the file", answer.stderr)
    shows("comes from …, which is not in the file: a worker needs it there, too", answer.stderr)
    again = build(root, tmp_path / "files", "--json")
    assert len(json.loads(again.stdout)["warnings"]) == 4  # also of a file that is up to date
    advice = re.search(r"^ {4}(binaries = \[.*\])$", answer.stderr, re.MULTILINE)
    assert advice
    write(root, advice[1])
    assert "libanswer" not in build(root, tmp_path / "files").stderr
    assert value_of(tmp_path / "files" / "places", "places", "library") == 42


def write(root: Path, setting: str = "") -> None:
    """Write the project's settings."""
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "places"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n{setting}\n'
    )
