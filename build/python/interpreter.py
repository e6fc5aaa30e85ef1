"""Finds a Python for a project."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from dagfloe.build.child_process import clean_environment, last_line, run_captured
from dagfloe.build.python.uv import find_uv
from dagfloe.format.errors import FreezeError, PackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.build.project import Project

#: The minor versions of Python that dagfloe supports, newest first.
SUPPORTED = tuple(f"3.{minor}" for minor in range(14, 9, -1))
#: The file with which pyenv and uv choose the Python of a folder.
VERSION_FILE = ".python-version"
_PROBE_TIMEOUT_S = 30
_FETCH_TIMEOUT_S = 1800
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")
#: PyInstaller looks for Python's shared library in these places, too.
_PROBE = """
import json, os, platform, ssl, sys, sysconfig
paths = ssl.get_default_verify_paths()
value = sysconfig.get_config_var
name = value("INSTSONAME") if value("Py_ENABLE_SHARED") else "libpython%d.%d.so.1.0" % sys.version_info[:2]
folders = [sys.base_prefix, os.path.join(sys.base_prefix, "lib")]
if value("Py_ENABLE_SHARED"):
    folders += [value("LIBDIR") or "", os.path.join(value("LIBDIR") or "", value("MULTIARCH") or "")]
has_library = bool(value("PYTHONFRAMEWORK")) or any(os.path.exists(os.path.join(folder, name)) for folder in folders)
print(json.dumps({"executable": sys.executable, "version": platform.python_version(), "has_library": has_library,
                  "base_prefix": sys.base_prefix, "tls_paths": [paths.openssl_cafile, paths.openssl_capath]}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that works.

    Attributes:
        executable: its path.
        version: its full version.
        base_prefix: the prefix of its standard library.
        tls_paths: OpenSSL's default certificate file and folder.
        has_library: whether it has the shared library that PyInstaller freezes.
    """

    executable: Path
    version: str
    base_prefix: str
    tls_paths: tuple[str, ...]
    has_library: bool = True


def find_interpreter(project: Project) -> Interpreter:
    """The Python of a project.

    `python` in [tool.dagfloe] names it by its version or its path, or else the file `.python-version` does. If neither
    does, it is the running Python if the project allows it, else the newest supported one that the project allows. It
    is looked for on PATH, among pyenv's versions and among uv's; if a chosen version is on none of these, uv fetches
    it.

    Raises:
        PackError: if no Python matches. The message names the Pythons that are installed.
    """
    choice = read_choice(project)
    if choice is not None and not _VERSION.fullmatch(choice.value):
        return _at_path(project, choice)
    rejected: list[str] = []
    without_library: list[Interpreter] = []
    for candidate in dict.fromkeys(_candidates()):
        interpreter = _probe(candidate)
        if interpreter is None:
            continue
        if not _fits(interpreter, project, choice):
            rejected.append(interpreter.version)
        elif not interpreter.has_library:
            without_library.append(interpreter)
        else:
            return interpreter
    if without_library:
        raise _no_library(without_library[0])
    if choice is not None and _is_allowed(Version(choice.value), project):
        return _fetch(project, choice)
    installed = ", ".join(sorted(set(rejected), key=Version, reverse=True)) or "none"
    if choice is not None:
        raise PackError(
            f"{choice.source} chooses Python {choice.value}, but {project.name} requires Python "
            f"{project.requires_python or SpecifierSet('>=3.10')}: change one of them"
        )
    raise PackError(
        f"{project.name} requires Python {project.requires_python}, and this host has only {installed}: install one "
        "that fits, for example with `uv python install 3.N`, or with your system so that it is on PATH as python3.N"
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """The Python that somebody chose.

    Attributes:
        value: its version, such as 3.13, or its path.
        source: where it is written, for messages.
    """

    value: str
    source: str


def read_choice(project: Project) -> Choice | None:
    """The Python that a project or its caller chose; None if nobody did."""
    if project.python:
        return Choice(project.python, f"--python, or [tool.dagfloe] python in {project.pyproject},")
    file = project.root / VERSION_FILE
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return None
    version = next((line for line in lines if line and not line.startswith("#")), "").removeprefix("cpython-")
    return Choice(version, str(file)) if _VERSION.fullmatch(version) else None


def list_candidates() -> list[str]:
    """The programs that may be Pythons, in the order in which they are tried."""
    return list(dict.fromkeys(_candidates()))


def _candidates() -> Iterator[str]:
    yield sys.executable
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    home = os.environ.get("HOME") or "/nonexistent"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path(home, ".pyenv"), "versions")
    data = os.environ.get("XDG_DATA_HOME") or Path(home, ".local", "share")
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path(data, "uv", "python"))
    for version in SUPPORTED:
        name = f"python{version}"
        yield from (str(folder / name) for folder in folders if os.access(folder / name, os.X_OK))
        for root, pattern in ((pyenv, f"{version}.*"), (managed, f"cpython-{version}.*")):
            yield from map(str, sorted(root.glob(f"{pattern}/bin/{name}"), key=_patch_number, reverse=True))
    yield from (str(folder / "python3") for folder in folders if os.access(folder / "python3", os.X_OK))


def _patch_number(program: Path) -> int:
    match = re.match(r"(?:cpython-)?\d+\.\d+\.(\d+)", program.parent.parent.name)
    return int(match[1]) if match else -1


def _is_allowed(version: Version, project: Project) -> bool:
    if f"{version.major}.{version.minor}" not in SUPPORTED:
        return False
    if len(version.release) > 2:
        return project.requires_python.contains(version, prereleases=True)
    return any(project.requires_python.contains(f"{version}.{patch}") for patch in range(100))


def _fits(interpreter: Interpreter, project: Project, choice: Choice | None) -> bool:
    version = Version(interpreter.version)
    if f"{version.major}.{version.minor}" not in SUPPORTED:
        return False
    if choice is not None and f"{interpreter.version}.".startswith(f"{choice.value}.") is False:
        return False
    return project.requires_python.contains(version, prereleases=True)


def _at_path(project: Project, choice: Choice) -> Interpreter:
    """The chosen Python at a path."""
    path = Path(choice.value).expanduser()
    interpreter = _probe(str(path if path.is_absolute() else project.root / path))
    if interpreter is None:
        raise PackError(f"{choice.source} names {choice.value}, which is not a Python that works")
    if not _fits(interpreter, project, None):
        raise PackError(
            f"{choice.source} names {choice.value}, which is Python {interpreter.version}, and {project.name} requires "
            f"Python {project.requires_python or SpecifierSet('>=3.10')}"
        )
    if not interpreter.has_library:
        raise _no_library(interpreter)
    return interpreter


def _no_library(interpreter: Interpreter) -> PackError:
    minor = ".".join(interpreter.version.split(".")[:2])
    return PackError(
        f"Python {interpreter.version} at {interpreter.executable} has no shared library, so PyInstaller cannot freeze "
        f"it: `uv python install {minor}` fetches one that has it, PYTHON_CONFIGURE_OPTS=--enable-shared makes pyenv "
        f"build one, and Debian has it in the package libpython{minor}"
    )


def _fetch(project: Project, choice: Choice) -> Interpreter:
    """Let uv fetch the chosen version."""
    command = [find_uv(), "python", "install", choice.value]
    status, _, stderr = run_captured(
        f"fetching Python {choice.value}",
        command,
        timeout_s=_FETCH_TIMEOUT_S,
        env=clean_environment(),
        cwd=project.root,
    )
    if status == 0:
        for candidate in _candidates():
            interpreter = _probe(candidate)
            if interpreter is not None and interpreter.has_library and _fits(interpreter, project, choice):
                return interpreter
    raise PackError(
        f"{choice.source} chooses Python {choice.value}, which this host does not have, and uv cannot fetch it: "
        f"{last_line(stderr)}\n"
        f"Install it so that it is on PATH as python{choice.value}, or run `uv python install {choice.value}` where "
        "there is a network. UV_PYTHON_INSTALL_MIRROR names a mirror for uv."
    )


def _probe(executable: str) -> Interpreter | None:
    """An interpreter's facts; None if it does not work, as pyenv's stand-ins for versions that are not active."""
    command = [executable, "-I", "-c", _PROBE]
    try:
        status, stdout, _ = run_captured("probing", command, timeout_s=_PROBE_TIMEOUT_S, env=clean_environment())
        facts = json.loads(stdout) if status == 0 else None
        if facts is None:
            return None
        return Interpreter(
            Path(facts["executable"]),
            facts["version"],
            facts["base_prefix"],
            tuple(path for path in facts["tls_paths"] if path),
            facts.get("has_library", True),
        )
    except (FreezeError, ValueError, LookupError, TypeError):
        return None
