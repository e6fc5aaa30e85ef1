"""Finds a Python that a project takes, and asks it what the build needs to know."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from dagfloe.build.child_process import clean_environment
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from dagfloe.build.project import Project

#: The minor versions that dagfloe supports, newest first.
SUPPORTED = tuple(f"3.{minor}" for minor in range(14, 9, -1))
_PROBE_TIMEOUT_S = 30
_PROBE = """
import json, platform, ssl, sys
paths = ssl.get_default_verify_paths()
print(json.dumps({"executable": sys.executable, "version": platform.python_version(),
                  "base": sys.base_prefix, "tls": [paths.openssl_cafile, paths.openssl_capath]}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that can be run.

    Attributes:
        executable: its path.
        version: its full version.
        base_prefix: where its standard library is.
        tls_paths: OpenSSL's default certificate file and folder.
    """

    executable: Path
    version: str
    base_prefix: str
    tls_paths: tuple[str, ...]


def find_interpreter(project: Project) -> Interpreter:
    """The running Python when the project takes it, else the newest supported one on PATH that it takes.

    Raises:
        PackError: when there is none, naming those that were found.
    """
    seen: list[str] = []
    for candidate in (sys.executable, *(shutil.which(f"python{version}") for version in SUPPORTED)):
        interpreter = _probe(candidate) if candidate else None
        if interpreter is None:
            continue
        version = Version(interpreter.version)
        if project.requires_python.contains(version, prereleases=True) and f"3.{version.minor}" in SUPPORTED:
            return interpreter
        seen.append(interpreter.version)
    raise PackError(
        f"{project.name} takes Python {project.requires_python}, and there is only {', '.join(seen) or 'none'}: "
        "install a Python that fits, so that it is on PATH as python3.N"
    )


def _probe(executable: str) -> Interpreter | None:
    """What an interpreter says of itself; None when it does not run."""
    try:
        answer = subprocess.run(
            [executable, "-I", "-c", _PROBE],
            capture_output=True,
            check=True,
            timeout=_PROBE_TIMEOUT_S,
            env=clean_environment(),
        )
        told = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Interpreter(
        Path(told["executable"]), told["version"], told["base"], tuple(path for path in told["tls"] if path)
    )
