"""Running a frozen program for its metadata and its self-check. A shell script stands for the program."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.build.frozen_program import FrozenProgram
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.build.python.virtualenv import Environment
from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from dagfloe.build.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a hidden import."""
    (tmp_path / "tasks.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\nhidden-imports = ["wave"]\n'
    )
    return read_project(tmp_path)


def program(folder: Path, stdout: str, stderr: str = "", status: int = 0) -> FrozenProgram:
    """A program with this output."""
    (folder / "stdout").write_text(stdout)
    (folder / "stderr").write_text(stderr)
    path = folder / "program"
    path.write_text(f"#!/bin/sh\ncat '{folder}/stdout'\ncat '{folder}/stderr' >&2\nexit {status}\n")
    path.chmod(0o755)
    return FrozenProgram(path, folder)


def check(folder: Path, project: Project, modules: dict[str, Any]) -> str:
    """Check the imports of a program whose self-check gives this result; return the error."""
    environment = Environment(Path(sys.prefix), find_interpreter(project))
    with pytest.raises(FreezeError) as caught:
        program(folder, json.dumps({"modules": modules})).check_imports(project, environment)
    return str(caught.value)


def test_metadata(tmp_path: Path) -> None:
    """The metadata is the JSON object that the program prints."""
    assert program(tmp_path, '{"dags": {}}').read_metadata() == {"dags": {}}


@pytest.mark.parametrize(
    ("stdout", "stderr", "status", "message"),
    [
        ("{}", "first\nlast\n\n", 3, r"did not print its metadata \(status 3\): last"),
        ("hello {}", "", 0, r"did not print its metadata \(status 0\): it printed nothing"),
        ("[]", "why", 0, "did not print its metadata"),
        ("[" * 100_000, "why", 0, "did not print its metadata"),
    ],
)
def test_no_metadata(tmp_path: Path, stdout: str, stderr: str, status: int, message: str) -> None:
    """The error has the program's status and the last line of its stderr."""
    with pytest.raises(FreezeError, match=message):
        program(tmp_path, stdout, stderr, status).read_metadata()


def test_all_imports_work(tmp_path: Path, project: Project) -> None:
    """A self-check without problems raises nothing."""
    environment = Environment(Path(sys.prefix), find_interpreter(project))
    program(tmp_path, '{"modules": {"tasks": null}}').check_imports(project, environment)


def test_hidden_import(tmp_path: Path, project: Project) -> None:
    """For a module that is installed but not frozen, the error shows the line for the settings."""
    error = check(tmp_path, project, {"tasks": {"missing": "colorsys"}})
    assert "PyInstaller did not see that 'colorsys' is imported" in error
    assert f'{tmp_path / "pyproject.toml"} write\n    hidden-imports = ["colorsys", "wave"]' in error


def test_modules_that_are_not_installed(tmp_path: Path, project: Project) -> None:
    """For a module that is not installed, the error asks for a dependency."""
    error = check(tmp_path, project, {"a": {"missing": "nowhere_1"}, "b": {"missing": "nowhere_2"}})
    assert "'nowhere_1' and 'nowhere_2' are not installed: add the distribution that has them to [project]" in error
    assert "hidden-imports" not in error


def test_import_that_fails(tmp_path: Path, project: Project) -> None:
    """For an import that raises, the error shows the exception and its place."""
    problem = {"missing": "", "error": "RuntimeError", "message": "not today", "where": "odd.py:1"}
    assert "odd: RuntimeError: not today (at odd.py:1)" in check(tmp_path, project, {"odd": problem})


def test_crash(tmp_path: Path, project: Project) -> None:
    """The error for a self-check without a result has the program's status and last line."""
    environment = Environment(Path(sys.prefix), find_interpreter(project))
    with pytest.raises(FreezeError, match=r"crashed \(status 1\): Segmentation fault"):
        program(tmp_path, "", "Segmentation fault\n", 1).check_imports(project, environment)
