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


def project(root: Path, requires_python: str, more: str = "") -> Project:
    """A project that allows these versions of Python."""
    root.mkdir(exist_ok=True)
    (root / "tasks.py").write_text("")
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "p"\nversion = "1"\nrequires-python = "{requires_python}"\n'
        '[tool.dagfloe]\nbundle = "tasks:bundle"\n' + more
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


def write_python(program: Path, version: str, *, has_library: bool = True) -> None:
    """Write a program that answers as a Python does."""
    facts = {"executable": str(program), "version": version, "base_prefix": "/x", "tls_paths": []}
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{json.dumps({**facts, 'has_library': has_library})}'\n")
    program.chmod(0o755)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with a pyenv, whose stand-ins are on PATH, and with Pythons of uv; uv can fetch nothing."""
    home = tmp_path / "home"
    shim = home / ".pyenv" / "shims" / "python3.12"
    shim.parent.mkdir(parents=True)
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    for number in ("3.12.7", "3.12.10"):
        write_python(home / ".pyenv" / "versions" / number / "bin" / "python3.12", number)
    write_python(home / ".local/share/uv/python/cpython-3.14.2-linux-x86_64-gnu/bin/python3.14", "3.14.2")
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    for name in ("PYENV_ROOT", "XDG_DATA_HOME", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.mark.parametrize(
    ("requires", "choice", "file", "expected"),
    [
        (">=3.10", "3.12", "", "3.12.10"),
        (">=3.10", "3.12.7", "3.14", "3.12.7"),
        (">=3.10", "3.14", "", "3.14.2"),
        (">=3.10", "", "# here\n3.12.7\n", "3.12.7"),
        ("==3.12.*", "", "", "3.12.10"),
    ],
)
def test_a_python_that_is_chosen(
    host: Path, tmp_path: Path, requires: str, choice: str, file: str, expected: str
) -> None:
    """The project's choice decides: its key, its file, its range; pyenv's and uv's Pythons count, stand-ins do not."""
    chosen = project(tmp_path / "p", requires, f'python = "{choice}"\n' if choice else "")
    if file:
        (tmp_path / "p" / ".python-version").write_text(file)
    assert find_interpreter(chosen).version == expected


def test_a_python_at_a_path(host: Path, tmp_path: Path) -> None:
    """A path names a Python; a path without one is an error."""
    write_python(tmp_path / "mine" / "python", "3.13.5")
    assert find_interpreter(project(tmp_path / "p", "", 'python = "../mine/python"\n')).version == "3.13.5"
    with pytest.raises(PackError, match=r"names \./nothing, which is not a Python that works"):
        find_interpreter(project(tmp_path / "p", "", 'python = "./nothing"\n'))
    with pytest.raises(PackError, match=r"which is Python 3\.13\.5, and p requires Python <3\.13"):
        find_interpreter(project(tmp_path / "p", "<3.13", 'python = "../mine/python"\n'))


def test_a_python_that_cannot_be_fetched(host: Path, tmp_path: Path) -> None:
    """The message says what uv said, the command to run where there is a network, and the variable of a mirror."""
    with pytest.raises(PackError) as caught:
        find_interpreter(project(tmp_path / "p", "", 'python = "3.13"\n'))
    message = str(caught.value)
    assert "chooses Python 3.13, which this host does not have" in message
    assert "`uv python install 3.13`" in message
    assert "UV_PYTHON_INSTALL_MIRROR" in message


def test_a_choice_that_the_project_excludes(host: Path, tmp_path: Path) -> None:
    """A choice outside of requires-python is an error that names both."""
    with pytest.raises(PackError, match=r"chooses Python 3\.10, but p requires Python >=3\.12"):
        find_interpreter(project(tmp_path / "p", ">=3.12", 'python = "3.10"\n'))


def test_a_python_without_a_shared_library(host: Path, tmp_path: Path) -> None:
    """Another Python that fits is taken; without one, the error says how to get it."""
    write_python(host / ".pyenv/versions/3.13.1/bin/python3.13", "3.13.1", has_library=False)
    assert find_interpreter(project(tmp_path / "p", "!=3.14.*,>=3.12,!=3.12.10,!=3.11.*")).version == "3.12.7"
    with pytest.raises(PackError, match=r"Python 3\.13\.1 at .* has no shared library.*uv python install 3\.13"):
        find_interpreter(project(tmp_path / "p", "==3.13.*"))


@pytest.mark.parametrize("value", ['"three"', '"3"', '"python3.12"', "3.13", '""'])
def test_a_choice_that_is_none(tmp_path: Path, value: str) -> None:
    """A choice that is neither a version nor a path is an error where it is written."""
    if value == '""':
        assert project(tmp_path / "p", "", f"python = {value}\n").python == ""
        return
    with pytest.raises(PackError, match=r"\[tool\.dagfloe\] python is .*: write a version such as"):
        project(tmp_path / "p", "", f"python = {value}\n")
