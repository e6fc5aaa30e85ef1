"""Running PyInstaller's hooks when their modules are imported."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.runtime.process.late_hooks import HOOKS
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from pathlib import Path

#: Forgets the modules that coverage and, in Python 3.14, logging imported, so that the program imports them itself.
FRESH = """
import logging, sys
for name in %r:
    sys.modules.pop(name, None)
"""
PROGRAM = """
import sys
before = {name for name in %r if name in sys.modules}
from dagfloe.runtime.process.late_hooks import LateHooks
assert before == {name for name in %r if name in sys.modules}
LateHooks().install()
import %s as module, told
print(told.hooks)
import %s
from %s import %s
print(told.hooks, type(module.__spec__.loader).__name__, module.__spec__.loader is module.__loader__)
"""


def environment(folder: Path) -> dict[str, str]:
    """The environment of an interpreter that finds the modules in a folder, with the variables of coverage."""
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {"PYTHONPATH": str(folder), **coverage}


def run(folder: Path, name: str, inside: str, first: str = "") -> list[str]:
    """The output of a new interpreter that installs the hooks and imports a module."""
    (folder / "told.py").write_text("hooks = []\n")
    for module, hook in HOOKS.items():
        text = f"import told, {module}\nassert {module}.__name__ == {module!r}\ntold.hooks.append({hook!r})\n"
        (folder / f"{hook}.py").write_text(text)
    program = FRESH % set(HOOKS) + first + PROGRAM % (set(HOOKS), set(HOOKS), name, name, name, inside)
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=environment(folder)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("name", "inside"), [("inspect", "stack"), ("multiprocessing", "Pool"), ("pkgutil", "walk_packages")]
)
def test_hook_runs_once_after_its_module(tmp_path: Path, name: str, inside: str) -> None:
    """The hook runs once, after the complete module. The module has the same loader as without the hook."""
    first, second = run(tmp_path, name, inside)
    assert HOOKS[name] in first
    assert first.count(HOOKS[name]) == 1
    assert second == f"{first} SourceFileLoader True"


def test_modules_that_are_already_imported(tmp_path: Path) -> None:
    """The hook of a module that is already imported runs at once."""
    first, _ = run(tmp_path, "json", "dumps", "import inspect\n")
    assert first == "['pyi_rth_inspect']"


def test_bundle_without_a_hook(tmp_path: Path) -> None:
    """A missing hook is ignored. An error inside a hook is raised."""
    program = (
        "from dagfloe.runtime.process.late_hooks import LateHooks; LateHooks().install(); import inspect; print('fine')"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert done.stdout == "fine\n"
    (tmp_path / "pyi_rth_inspect.py").write_text("import nowhere_to_be_found")
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=environment(tmp_path)
    )
    assert "nowhere_to_be_found" in done.stderr
