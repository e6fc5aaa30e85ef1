"""What the build checks before it starts PyInstaller."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dagfloe.build.freeze.pyinstaller import freeze
from dagfloe.build.inputs import ProjectInputs
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import Interpreter
from dagfloe.build.python.virtualenv import Environment
from dagfloe.format.errors import FreezeError


def test_metadata_of_a_distribution_that_is_not_installed(tmp_path: Path) -> None:
    """The message names the distribution, and where to add it. Other spellings of an installed one are accepted."""
    (tmp_path / "tasks.py").touch()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n'
        '[tool.dagfloe]\nbundle = "tasks:bundle"\nmetadata = ["PyTest", "no-such-thing"]\n'
    )
    project = read_project(tmp_path)
    environment = Environment(Path(sys.prefix), Interpreter(Path(sys.executable), "", "", ()))
    inputs = ProjectInputs(project, tmp_path / "dist" / "p")
    with pytest.raises(FreezeError, match="metadata names 'no-such-thing', which is not installed: add it to"):
        freeze(project, inputs, environment, tmp_path / "entry.py", tmp_path, tmp_path / "log", one_file=False)
    assert not (tmp_path / "log").exists()
