"""Finds the Pythons of this machine that dagfloe supports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

#: The minor versions that dagfloe supports, oldest first.
SUPPORTED = tuple(f"3.{minor}" for minor in range(10, 15))
_PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
_CODE = "import ensurepip, ssl, sys; print('%d.%d' % sys.version_info[:2])"
_TIMEOUT_S = 30


def find_pythons() -> dict[str, Path]:
    """A working interpreter for each supported minor version: from PATH, or from pyenv."""
    found = {version: _first_working(version) for version in SUPPORTED}
    return {version: path for version, path in found.items() if path}


def running_version() -> str:
    """The minor version of the running Python."""
    return f"3.{sys.version_info.minor}"


def _first_working(version: str) -> Path | None:
    on_path = shutil.which(f"python{version}")
    by_pyenv = (_PYENV / "versions").glob(f"{version}.*/bin/python{version}")
    for path in (*([Path(on_path)] if on_path else []), *sorted(by_pyenv, reverse=True)):
        answer = subprocess.run(
            [path, "-I", "-c", _CODE], capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
        if answer.stdout.strip() == version:
            return path
    return None
