"""`dagfloe build --check`: the author's tests run against the new file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., subprocess.CompletedProcess[str]]

TASKS = """
import sys
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("d")
@dag.task
def frozen():
    return hasattr(sys, "frozen")
"""
TESTS = """
from pathlib import Path
from dagfloe import Bundle
from checked import frozen

other = Bundle().dag("other")
@other.task
def elsewhere():
    import sys
    return hasattr(sys, "frozen")

def test_frozen(dagfloe_env):
    assert dagfloe_env.run(frozen).value is {expected}

def test_in_memory(dagfloe_env):
    assert dagfloe_env.run(frozen, over="memory").value is False
    assert dagfloe_env.run(elsewhere).value is False
"""


def test_check(tmp_path: Path, build: Build) -> None:
    """The file appears only if the tests pass. They also test a file that is up to date, which stays if they fail."""
    root = tmp_path / "checked"
    (root / "tests").mkdir(parents=True)
    (root / "checked.py").write_text(TASKS)
    (root / "pyproject.toml").write_text(
        '[project]\nname = "checked"\nversion = "1"\n[tool.dagfloe]\nbundle = "checked:bundle"\n'
    )
    tests = root / "tests" / "test_it.py"
    tests.write_text(TESTS.format(expected=False))
    files = tmp_path / "files"
    check = ("--check", "pytest -q -p no:cacheprovider tests")
    answer = build(root, files, *check)
    assert answer.returncode == 1
    assert "the check of the file failed: pytest -q -p no:cacheprovider tests ended with status 1:" in answer.stderr
    assert "assert True is False" in answer.stderr
    assert not list(files.iterdir())
    tests.write_text(TESTS.format(expected=True))
    answer = build(root, files, "--json", *check)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["built"] is True
    tests.write_text(TESTS.format(expected=False))
    answer = build(root, files, *check)
    assert answer.returncode == 1
    assert "ended with status 1" in answer.stderr
    assert [path.name for path in files.iterdir()] == ["checked"]
    for command, message in (
        ("no-such-program", "no-such-program cannot be started: No such file or directory"),
        ("'", "is not a command: No closing quotation"),
        (" ", "--check needs a command"),
    ):
        assert message in build(root, files, "--check", command).stderr
