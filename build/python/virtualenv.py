"""The isolated environment of a bundle: its own dependencies and what freezing needs, and nothing of the caller's.

Environments are kept in the user's cache, by what is in them, because installing takes most of a build's time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from dagfloe.build.child_process import run_step
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagfloe.build.project import Project
    from dagfloe.build.python.interpreter import Interpreter

_INSTALL_TIMEOUT_S = 1800
_STAMP = "complete.json"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that is ready.

    Attributes:
        root: its folder.
        interpreter: the Python that it was made with.
    """

    root: Path
    interpreter: Interpreter

    @property
    def identity(self) -> str:
        """Equal as long as nothing is installed anew."""
        return f"{self.root} {self.stamp.stat().st_mtime_ns}"

    @property
    def stamp(self) -> Path:
        """The file that was written when everything was installed."""
        return self.root / _STAMP

    @property
    def python(self) -> Path:
        """The environment's own Python."""
        return self.root / "bin" / "python"


def cache_root() -> Path:
    """Where dagfloe keeps what it can make anew.

    `$DAGFLOE_CACHE_DIR`, or else `$XDG_CACHE_HOME/dagfloe`, or else `~/.cache/dagfloe`.
    """
    chosen = os.environ.get("DAGFLOE_CACHE_DIR") or ""
    if Path(chosen).is_absolute():
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or ""
    return (Path(base) if Path(base).is_absolute() else Path("~/.cache").expanduser()) / "dagfloe"


def ensure_environment(
    project: Project, interpreter: Interpreter, work: Path, *, echo: Callable[[str], None] | None = None
) -> Environment:
    """The environment of a project: the kept one, or a new one.

    Args:
        project: whose dependencies are installed.
        interpreter: the Python to use.
        work: a folder for logs; the environment itself goes there, too, when the cache cannot be written.
        echo: called with every line of pip's output.

    Raises:
        FreezeError: when pip fails.
    """
    requirements = sorted(map(str, (*project.dependencies, *bundle_requirements())))
    identity = json.dumps([str(interpreter.executable), interpreter.base_prefix, interpreter.version, requirements])
    name = f"{project.file_name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    root = _writable(cache_root() / "environments", work) / name
    with _locked(root.with_suffix(".lock")):
        if not (root / _STAMP).exists():
            shutil.rmtree(root, ignore_errors=True)
            log = work / "environment.log"
            python = str(root / "bin" / "python")
            pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
            run_step(
                "making the environment",
                [str(interpreter.executable), "-I", "-m", "venv", str(root)],
                log,
                timeout_s=_INSTALL_TIMEOUT_S,
                echo=echo,
            )
            run_step("installing the dependencies", [*pip, *requirements], log, timeout_s=_INSTALL_TIMEOUT_S, echo=echo)
            (root / _STAMP).write_text(identity)
    return Environment(root, interpreter)


def bundle_requirements() -> tuple[Requirement, ...]:
    """What goes into every environment: dagfloe's own extra `bundle`.

    Raises:
        PackError: when dagfloe is not installed as a distribution.
    """
    try:
        declared = [Requirement(text) for text in requires("dagfloe") or ()]
    except PackageNotFoundError:
        raise PackError("dagfloe is not installed, it is only on the path: install it with pip") from None
    chosen = [item for item in declared if _belongs_to(item, "bundle") and not _belongs_to(item, "")]
    for item in chosen:
        item.marker = None
    return tuple(chosen)


def _belongs_to(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _writable(preferred: Path, fallback: Path) -> Path:
    try:
        preferred.mkdir(parents=True, exist_ok=True)
    except OSError:
        return fallback
    return preferred if os.access(preferred, os.W_OK | os.X_OK) else fallback


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file, so that concurrent builds make an environment once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
