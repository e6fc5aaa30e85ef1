"""Runs the author's own tests against a bundle file."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.constants import BUNDLE_FILE_VARIABLE
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.build.project import Project

_TIMEOUT_S = 3600
_MAX_OUTPUT = 20_000


def run_author_tests(command: str, file: Path, project: Project, report: Callable[[str], None]) -> None:
    """Run a command that tests a bundle file.

    It runs in the project's folder, with the caller's environment. Programs beside dagfloe's own Python are found
    first, and the project's modules can be imported. `dagfloe.testing` finds the file in the environment.

    Args:
        command: the command, as for a shell, but without a shell; empty for none.
        file: the bundle file.
        project: the project.
        report: called with the name of the step.

    Raises:
        PackError: if the command fails. The message has its output.
    """
    if not command:
        return
    report(f"checking the file with {command}")
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise PackError(f"--check {command!r} is not a command: {error}") from None
    if not argv:
        raise PackError("--check needs a command, such as 'pytest -q'")
    env = {**os.environ, BUNDLE_FILE_VARIABLE: str(file.absolute())}
    env["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), env.get("PATH", os.defpath)))
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(project.source_root), env.get("PYTHONPATH"))))
    try:
        ended = subprocess.run(
            argv,
            check=False,
            cwd=project.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_TIMEOUT_S,
        )
    except OSError as error:
        raise PackError(f"--check: {argv[0]} cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise PackError(f"--check: {command} did not end within {_TIMEOUT_S} s") from None
    if ended.returncode:
        output = ended.stdout.decode(errors="replace").rstrip()[-_MAX_OUTPUT:]
        raise PackError(f"the check of the file failed: {command} ended with status {ended.returncode}:\n{output}")
