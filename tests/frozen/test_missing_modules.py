"""Modules that only command lines name, and what a file says about those that no build can see."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from support.peer import Peer, startup, value_of
from support.quoted_messages import shows

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., subprocess.CompletedProcess[str]]

TASKS = """
import importlib
import subprocess
import sys
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("lines")

def start(*arguments, text=""):
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, input=text, capture_output=True, text=True)
    return ended.returncode, ended.stdout.strip(), ended.stderr

@dag.task
def named():
    return [
        start("-m", "json.tool", "--compact", text='{"a":  1}')[:2],
        start("-m", "helper", "x")[:2],
        start("-m", "helpers")[:2],
        start("-c", "import colorsys; print(colorsys.ONE_THIRD > 0)")[:2],
    ]

@dag.task
def computed():
    return [
        start("-m", "".join(["time", "it"]), "-n1", "-r1", "pass"),
        start("-c", "import " + "fileinput"),
        start("-m", "no" + "_package"),
    ]

@dag.task
def imported():
    return importlib.import_module("tab" + "nanny").__name__
"""
HELPER = "import sys, chunked\nprint(__name__, sys.argv[1:], chunked.VALUE)\n"
ADVICE = re.compile(r"The bundle file does not contain the module '[\w.]+'\..* hidden-imports = (\[.*\])")


def test_missing_modules(tmp_path: Path, build: Build) -> None:
    """Names on command lines count without settings. Where code computes a name, the advice of the file is right."""
    root = tmp_path / "lines"
    (root / "helpers").mkdir(parents=True)
    (root / "tasks.py").write_text(TASKS)
    (root / "helper.py").write_text(HELPER)
    (root / "chunked.py").write_text("VALUE = 5\n")
    (root / "helpers" / "__init__.py").touch()
    (root / "helpers" / "__main__.py").write_text("print('helpers')\n")
    file = write(root, tmp_path, build, [])
    expected = [[0, '{"a":1}'], [0, "__main__ ['x'] 5"], [0, "helpers"], [0, "True"]]
    assert [list(answer) for answer in value_of(file, "lines", "named")] == expected
    answers = value_of(file, "lines", "computed")
    assert [answer[0] for answer in answers] == [1, 1, 1]
    assert "No module named timeit" in answers[0][2]
    shows("The bundle file does not contain the module '…'", answers[0][2])
    assert "ModuleNotFoundError: No module named 'fileinput'" in answers[1][2]
    advised = [name for answer in answers for name in follow(answer[2])]
    with Peer([str(file)]) as peer:
        peer.send(0, startup("imported", "lines"))
        assert peer.finish()["state"] == "failed"
        advised += follow("\n".join(peer.events()))
    assert advised == ["timeit", "fileinput", "no_package", "tabnanny"]
    file = write(root, tmp_path, build, [name for name in advised if name != "no_package"])
    assert [answer[0] for answer in value_of(file, "lines", "computed")] == [0, 0, 1]
    assert value_of(file, "lines", "imported") == "tabnanny"


def follow(message: str) -> list[str]:
    """The modules that advice names."""
    return [name for found in ADVICE.findall(message) for name in json.loads(found)]


def write(root: Path, folder: Path, build: Build, hidden: list[str]) -> Path:
    """Build the project with these hidden imports."""
    (root / "pyproject.toml").write_text(
        '[project]\nname = "lines"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n'
        f"hidden-imports = {json.dumps(hidden)}\n"
    )
    answer = build(root, folder / "files")
    assert answer.returncode == 0, answer.stderr
    return folder / "files" / "lines"
