"""The virtual environment of a bundle: its dependencies and PyInstaller, and nothing of the caller's.

Installing takes most of a first build, so environments stay in the cache, under the digest of their requirements.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from dagfloe.build.cache_root import cache_root
from dagfloe.build.child_process import clean_environment, last_line, run_captured, run_step
from dagfloe.format.errors import FreezeError, PackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dagfloe.build.project import Project
    from dagfloe.build.python.interpreter import Interpreter

_INSTALL_TIMEOUT_S = 1800
_INSPECT_TIMEOUT_S = 300
_STAMP = "complete.json"
_LOCK = ".lock"
#: Prints the names of all distributions, and those of the modules in its arguments that can be imported.
_INSPECT = """
import importlib.metadata, importlib.util, json, sys
def is_installed(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
distributions = filter(None, (distribution.metadata["Name"] for distribution in importlib.metadata.distributions()))
modules = filter(is_installed, sys.argv[1:])
print(json.dumps({"distributions": [*distributions], "modules": [*modules]}))
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that is complete.

    Attributes:
        root: its folder.
        interpreter: the Python that made it.
    """

    root: Path
    interpreter: Interpreter

    @property
    def identity(self) -> str:
        """A string that stays equal until the environment is installed again."""
        return f"{self.root} {self.stamp.stat().st_mtime_ns}"

    @property
    def stamp(self) -> Path:
        """The file that marks a complete environment."""
        return self.root / _STAMP

    @property
    def python(self) -> Path:
        """The environment's own Python."""
        return self.root / "bin" / "python"

    def list_distributions(self) -> list[str]:
        """The names of the installed distributions.

        Raises:
            FreezeError: if the environment is damaged.
        """
        return list(self._inspect()["distributions"])

    def find_modules(self, names: Iterable[str]) -> set[str]:
        """The modules of these that are installed.

        Raises:
            FreezeError: if the environment is damaged.
        """
        return set(self._inspect(*names)["modules"])

    def _inspect(self, *modules: str) -> dict[str, Any]:
        status, stdout, stderr = run_captured(
            "inspecting the environment",
            [str(self.python), "-I", "-c", _INSPECT, *modules],
            timeout_s=_INSPECT_TIMEOUT_S,
            env=clean_environment(),
        )
        if status:
            raise FreezeError(f"the environment {self.root} is damaged: {last_line(stderr)}; delete it and build again")
        answer: dict[str, Any] = json.loads(stdout)
        return answer


def ensure_environment(
    project: Project, interpreter: Interpreter, work: Path, *, echo: Callable[[str], None] | None = None
) -> Environment:
    """The environment of a project, from the cache or installed now.

    Args:
        project: the project whose dependencies are installed.
        interpreter: the Python to use.
        work: a folder for logs. If the cache cannot be written, the environment goes there, too.
        echo: called with every line of pip's output.

    Raises:
        FreezeError: if pip fails.
    """
    requirements = sorted(map(str, (*project.dependencies, *bundle_requirements())))
    identity = json.dumps([str(interpreter.executable), interpreter.base_prefix, interpreter.version, requirements])
    name = f"{project.file_name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    folder = _writable_folder(cache_root() / "environments", work)
    _remove_unfinished(folder, name)
    environment = Environment(folder / name, interpreter)
    with _file_lock(environment.root.with_suffix(_LOCK)), _removed_on_error(environment):
        if not environment.stamp.exists():
            shutil.rmtree(environment.root, ignore_errors=True)
            log = work / "environment.log"
            venv = [str(interpreter.executable), "-I", "-m", "venv", str(environment.root)]
            run_step("making the environment", venv, log, timeout_s=_INSTALL_TIMEOUT_S, echo=echo)
            pip = [str(environment.python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
            install = [*pip, "install", *requirements]
            run_step("installing the dependencies", install, log, timeout_s=_INSTALL_TIMEOUT_S, echo=echo)
            environment.stamp.write_text(identity)
    return environment


def bundle_requirements() -> tuple[Requirement, ...]:
    """The requirements of every environment: those of dagfloe's own extra `bundle`.

    Raises:
        PackError: if dagfloe is not installed as a distribution.
    """
    try:
        requirements = [Requirement(line) for line in requires("dagfloe") or ()]
    except PackageNotFoundError:
        raise PackError("dagfloe is only on the module path and not installed: install it with pip") from None
    chosen = [item for item in requirements if _applies_with(item, "bundle") and not _applies_with(item, "")]
    for requirement in chosen:
        requirement.marker = None
    return tuple(chosen)


def _applies_with(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _writable_folder(preferred: Path, fallback: Path) -> Path:
    try:
        preferred.mkdir(parents=True, exist_ok=True)
    except OSError:
        return fallback
    return preferred if os.access(preferred, os.W_OK | os.X_OK) else fallback


@contextmanager
def _removed_on_error(environment: Environment) -> Iterator[None]:
    """Remove an environment that is not complete if the block fails or is interrupted."""
    try:
        yield
    except BaseException:
        if not environment.stamp.exists():
            shutil.rmtree(environment.root, ignore_errors=True)
        raise


def _remove_unfinished(folder: Path, name: str) -> None:
    """Remove other environments that killed builds left."""
    for lock in folder.glob(f"*{_LOCK}"):
        root = lock.with_suffix("")
        with suppress(OSError):
            if root.name != name and root.is_dir() and not (root / _STAMP).exists():
                with lock.open("r+") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    """Hold a lock file, so that of concurrent builds one installs the environment and the others wait."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
