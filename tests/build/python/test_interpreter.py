"""Finding a Python for a project."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.build.project import Project


def project(root: Path, requires_python: str) -> Project:
    """A project that allows these versions of Python."""
    (root / "tasks.py").write_text("")
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "p"\nversion = "1"\nrequires-python = "{requires_python}"\n'
        '[tool.dagfloe]\nbundle = "tasks:bundle"\n'
    )
    return read_project(root)


def test_interpreter_that_fits(tmp_path: Path) -> None:
    """The running Python is used if the project allows it."""
    version = "{}.{}.{}".format(*sys.version_info)
    interpreter = find_interpreter(project(tmp_path, f"=={version}"))
    assert interpreter.version == version
    assert len(interpreter.tls_paths) == 2


def test_no_interpreter_fits(tmp_path: Path) -> None:
    """The error names the versions that the project allows and those that are installed."""
    with pytest.raises(PackError, match=r"requires Python <3\.10, and this host has only 3\."):
        find_interpreter(project(tmp_path, "<3.10"))


def test_interpreter_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the running Python does not fit, the newest supported one on PATH does; those that do not work are ignored."""
    facts = json.dumps(
        {"executable": "/x/python", "version": "3.10.99", "base_prefix": "/x", "tls_paths": ["/x/cert.pem", None]}
    )
    for name, script in (
        ("python3.14", "#!/bin/sh\nexit 1"),
        ("python3.13", "#!/bin/sh\necho ["),
        ("python3.12", "#!/missing/interpreter"),
        ("python3.10", f"#!/bin/sh\necho '{facts}'"),
    ):
        (tmp_path / name).write_text(f"{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    interpreter = find_interpreter(project(tmp_path, "==3.10.99"))
    assert (interpreter.version, interpreter.tls_paths) == ("3.10.99", ("/x/cert.pem",))
