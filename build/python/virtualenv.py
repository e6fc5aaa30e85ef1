"""The virtual environment of a bundle: its dependencies and PyInstaller, and nothing of the caller's.

Environments stay in the cache, under the digest of everything that is installed in them, and never change. uv makes
them from its own cache, so an environment takes little time and space.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, requires
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from dagfloe.build.cache_root import cache_root
from dagfloe.build.child_process import clean_environment, last_line, run_captured
from dagfloe.build.python.environment_store import STAMP, EnvironmentStore
from dagfloe.build.python.resolution import PREVIEW, Resolver
from dagfloe.build.python.uv import Uv
from dagfloe.format.errors import FreezeError, PackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from dagfloe.build.project import Project
    from dagfloe.build.python.environment_store import Use
    from dagfloe.build.python.interpreter import Interpreter
    from dagfloe.build.python.resolution import Resolution

_INSPECT_TIMEOUT_S = 300
#: Prints those of the modules in its arguments that can be imported.
_FIND_MODULES = """
import contextlib, importlib.util, json, sys
def is_installed(name):
    try:
        return importlib.util.find_spec(name) is not None
    except BaseException:  # it imports the packages that the module is in
        return False
with contextlib.redirect_stdout(sys.stderr):
    found = [*filter(is_installed, sys.argv[1:])]
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that is complete.

    Attributes:
        root: its folder.
        interpreter: the Python that made it.
        sources: the digest of each folder and file of this host that one of its distributions comes from.
        locks: the files with the versions and digests of its distributions.
        use: says that this process uses it, so that no other one removes it.
    """

    root: Path
    interpreter: Interpreter
    sources: Mapping[str, str] = field(default_factory=dict)
    locks: tuple[Path, ...] = ()
    use: Use | None = None

    @property
    def identity(self) -> str:
        """A string that stays equal until the environment is installed again."""
        return f"{self.root} {self.stamp.stat().st_mtime_ns}"

    @property
    def stamp(self) -> Path:
        """The file that marks a complete environment."""
        return self.root / STAMP

    @property
    def python(self) -> Path:
        """The environment's own Python."""
        return self.root / "bin" / "python"

    def find_modules(self, names: Iterable[str]) -> set[str]:
        """The modules of these that are installed.

        Raises:
            FreezeError: if the environment is damaged.
        """
        return set(self.inspect(_FIND_MODULES, *names))

    def inspect(self, code: str, *arguments: str) -> Any:
        """Run code that looks at the environment from the inside.

        Args:
            code: the code, which prints JSON.
            arguments: its arguments.

        Returns:
            What it prints.

        Raises:
            FreezeError: if the environment is damaged.
        """
        status, stdout, stderr = run_captured(
            "inspecting the environment",
            [str(self.python), "-I", "-c", code, *arguments],
            timeout_s=_INSPECT_TIMEOUT_S,
            env=clean_environment(),
        )
        if status:
            raise FreezeError(f"the environment {self.root} is damaged: {last_line(stderr)}; delete it and build again")
        return json.loads(stdout)


def ensure_environment(
    project: Project,
    interpreter: Interpreter,
    work: Path,
    *,
    upgrade: bool = False,
    lock: bool = False,
    echo: Callable[[str], None] | None = None,
) -> Environment:
    """The environment of a project, from the cache or installed now.

    Args:
        project: the project whose dependencies are installed.
        interpreter: the Python to use.
        work: a folder for logs. If the cache cannot be written, the environment goes there, too.
        upgrade: whether to look for newer versions of the dependencies.
        lock: whether to write the versions to a lock file of the project.
        echo: called with every line of uv's output.

    Raises:
        PackError: if a lock file of the project does not fit the project.
        FreezeError: if uv fails.
    """
    cache = _writable_folder(cache_root(), work)
    resolutions, environments = cache / "resolutions", cache / "environments"
    for folder in (resolutions, environments):
        folder.mkdir(parents=True, exist_ok=True)
    uv = Uv(project.root, work / "environment.log", echo)
    resolver = Resolver(project, bundle_requirements(), interpreter, resolutions, work, uv)
    if lock or (upgrade and resolver.has_lock_file):
        resolver.write_lock_file(upgrade=upgrade)
    with resolver.locked():
        resolution = resolver.resolve(upgrade=upgrade)
    python = json.dumps([str(interpreter.executable), interpreter.base_prefix, interpreter.version])
    digest = hashlib.sha256(f"{python} {resolution.digest}".encode()).hexdigest()
    name = f"{project.file_name}-{digest[:16]}"
    store = EnvironmentStore(environments)
    with store.locked(name) as root:
        environment = Environment(root, interpreter, resolution.sources, resolution.files)
        if not environment.stamp.exists():
            shutil.rmtree(root, ignore_errors=True)
            _install(environment, resolution, uv)
            environment.stamp.write_text(json.dumps({"python": interpreter.version}), "utf-8")
        environment = replace(environment, use=store.use(name, project.root))
    store.remove_superseded(name, project.root)
    return environment


def _install(environment: Environment, resolution: Resolution, uv: Uv) -> None:
    root = str(environment.root)
    uv.run("making the environment", "venv", "--quiet", "--python", str(environment.interpreter.executable), root)
    install = ["--no-deps", *PREVIEW, "--python", str(environment.python)]
    for name in resolution.source_names:
        install += ["--reinstall-package", name]  # uv would take a copy that it built of an older state
    for file in resolution.files:
        uv.install("installing the dependencies", *install, "--requirements", str(file))


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
