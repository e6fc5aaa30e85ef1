"""The version of the Airflow on this host. Airflow is neither imported nor started."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.build.child_process import run_captured
from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The package with Airflow's version; the package `apache-airflow` only depends on it.
_PACKAGE = "apache-airflow-core"
#: Runs in Airflow's Python, which may be any version of Python. It imports nothing from the current folder.
_ASK = f"""
import sys
sys.path = [path for path in sys.path if path]
from importlib.metadata import version
print(version({_PACKAGE!r}))
"""
_TIMEOUT_S = 30.0
_RELEASE = re.compile(r"(\d+)\.(\d+)")
#: The first line of a script that pip installed, or the second if the path of Python is long.
_INTERPRETER = re.compile(rb"#!(?:/bin/sh\n'''exec' )?\"?(/[^\n\"]+?)\"?(?: \"\$0\" \"\$@\")?\n")
_MAX_HEAD = 4096


def find_version(env: Mapping[str, str]) -> str:
    """Return the version of the Airflow whose command is on PATH, or else of the one in dagfloe's own environment.

    Args:
        env: the environment.

    Returns:
        The version, or an empty string if there is no Airflow.
    """
    command = shutil.which("airflow", path=env.get("PATH", ""))
    if command and (python := _interpreter(Path(command))):
        return _ask(python, env)
    try:
        return importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return ""


def release_of(version: str) -> tuple[int, int] | None:
    """Return the major and the minor version, or None if the version is unknown."""
    match = _RELEASE.match(version)
    return (int(match[1]), int(match[2])) if match else None


def _interpreter(command: Path) -> str:
    """Return the Python of an installed command, or an empty string if the command is something else."""
    try:
        with command.open("rb") as file:
            match = _INTERPRETER.match(file.read(_MAX_HEAD))
    except OSError:
        return ""
    python = match[1].decode(sys.getfilesystemencoding(), "surrogateescape") if match else ""
    return python if "python" in Path(python).name else ""


def _ask(python: str, env: Mapping[str, str]) -> str:
    try:
        status, stdout, _ = run_captured("Airflow's version", [python, "-c", _ASK], timeout_s=_TIMEOUT_S, env=env)
    except FreezeError:
        return ""
    return stdout.strip() if status == 0 else ""
