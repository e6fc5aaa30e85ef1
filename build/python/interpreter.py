"""Finds a Python for a project."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from dagfloe.build.child_process import clean_environment, run_captured
from dagfloe.format.errors import FreezeError, PackError

if TYPE_CHECKING:
    from dagfloe.build.project import Project

#: The minor versions of Python that dagfloe supports, newest first.
SUPPORTED = tuple(f"3.{minor}" for minor in range(14, 9, -1))
_PROBE_TIMEOUT_S = 30
_PROBE = """
import json, platform, ssl, sys
paths = ssl.get_default_verify_paths()
print(json.dumps({"executable": sys.executable, "version": platform.python_version(),
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
    """

    executable: Path
    version: str
    base_prefix: str
    tls_paths: tuple[str, ...]


def find_interpreter(project: Project) -> Interpreter:
    """The running Python if the project allows it, else the newest supported one on PATH that it allows.

    Raises:
        PackError: if no Python matches. The message names the Pythons that are installed.
    """
    rejected: list[str] = []
    for candidate in (sys.executable, *(shutil.which(f"python{version}") for version in SUPPORTED)):
        interpreter = _probe(candidate) if candidate else None
        if interpreter is None:
            continue
        version = Version(interpreter.version)
        is_supported = f"{version.major}.{version.minor}" in SUPPORTED
        if is_supported and project.requires_python.contains(version, prereleases=True):
            return interpreter
        rejected.append(interpreter.version)
    raise PackError(
        f"{project.name} requires Python {project.requires_python}, and this host has only "
        f"{', '.join(dict.fromkeys(rejected)) or 'none'}: install one that fits, so that it is on PATH as python3.N"
    )


def _probe(executable: str) -> Interpreter | None:
    """An interpreter's facts; None if it does not work."""
    command = [executable, "-I", "-c", _PROBE]
    try:
        status, stdout, _ = run_captured("probing", command, timeout_s=_PROBE_TIMEOUT_S, env=clean_environment())
        facts = json.loads(stdout) if status == 0 else None
    except (FreezeError, ValueError):
        return None
    if facts is None:
        return None
    return Interpreter(
        Path(facts["executable"]),
        facts["version"],
        facts["base_prefix"],
        tuple(path for path in facts["tls_paths"] if path),
    )
