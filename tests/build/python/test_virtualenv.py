"""The virtual environment of a bundle."""

from __future__ import annotations

import fcntl
import importlib.metadata
import sys
from pathlib import Path

import pytest

from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import Interpreter
from dagfloe.build.python.virtualenv import Environment, bundle_requirements, ensure_environment
from dagfloe.format.errors import FreezeError, PackError

#: A Python whose `venv` makes an environment with another script as its Python. That one installs nothing.
FAKE_PYTHON = """#!/bin/sh
mkdir -p "$4/bin"
printf '#!/bin/sh\\necho "$@"\\n%s\\n' "$INSTALLING" > "$4/bin/python"
chmod +x "$4/bin/python"
"""


def test_bundle_requirements_are_those_of_the_extra() -> None:
    """They are those of dagfloe's extra `bundle`, without the tool's own dependencies."""
    names = {requirement.name.lower(): requirement for requirement in bundle_requirements()}
    assert set(names) == {"click", "msgpack", "pyinstaller", "pyyaml"}
    assert all(requirement.marker is None and requirement.specifier for requirement in names.values())


def test_contents() -> None:
    """An environment lists its distributions, and finds the modules that are installed in it."""
    environment = Environment(Path(sys.prefix), Interpreter(Path(sys.executable), "", "", ()))
    assert {"pytest", "dagfloe"} <= set(environment.list_distributions())
    assert environment.find_modules(["json.decoder", "pytest", "nowhere", "nowhere.inner", "__main__"]) == {
        "json.decoder",
        "pytest",
    }


def test_damaged_environment(tmp_path: Path) -> None:
    """The error for a damaged environment says to delete it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("#!/bin/sh\necho 'no module named encodings' >&2\nexit 1\n")
    (tmp_path / "bin" / "python").chmod(0o755)
    environment = Environment(tmp_path, Interpreter(Path(sys.executable), "", "", ()))
    with pytest.raises(FreezeError, match="is damaged: no module named encodings; delete it and build again"):
        environment.list_distributions()


class Places:
    """A project, the folder of its build, a cache, and a Python that makes environments at once."""

    def __init__(self, folder: Path, installing: str = "exit 0") -> None:
        self.cache = folder / "cache"
        self.work = folder / "work"
        self.work.mkdir()
        (folder / "tasks.py").touch()
        (folder / "pyproject.toml").write_text(
            '[project]\nname = "sales"\nversion = "1"\ndependencies = ["pandas"]\n'
            '[tool.dagfloe]\nbundle = "tasks:bundle"\n'
        )
        self.project = read_project(folder)
        python = folder / "python"
        python.write_text(FAKE_PYTHON.replace("$INSTALLING", installing))
        python.chmod(0o755)
        self.interpreter = Interpreter(python, "3.11.7", "/x", ())

    def ensure(self) -> Environment:
        """Make or find the environment."""
        return ensure_environment(self.project, self.interpreter, self.work)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A project that was never built, with a cache of its own."""
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))
    return Places(tmp_path)


def test_an_environment_is_made_once(places: Places) -> None:
    """The environment has the dependencies of the project and of the build; the next build uses it again."""
    environment = places.ensure()
    assert environment.root.parent == places.cache / "environments"
    log = (places.work / "environment.log").read_text()
    for name in ("pandas", "pyinstaller", "msgpack"):
        assert name in log.lower()
    identity = environment.identity
    assert places.ensure().identity == identity
    assert (places.work / "environment.log").read_text() == log


def test_an_installation_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If pip fails, the message has the reason, and the next build does not take what is left for an environment."""
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))
    places = Places(tmp_path, "echo ERROR: no such package; exit 1")
    with pytest.raises(FreezeError, match=r"installing the dependencies failed .* ERROR: no such package"):
        places.ensure()
    assert [path.suffix for path in (places.cache / "environments").iterdir()] == [".lock"]


def test_environments_that_killed_builds_left(places: Places) -> None:
    """A build removes what killed builds left, but not complete environments, and not what another build makes now."""
    folder = places.cache / "environments"
    for name in ("left", "complete", "growing"):
        (folder / name).mkdir(parents=True)
        (folder / f"{name}.lock").touch()
    (folder / "complete" / "complete.json").touch()
    with (folder / "growing.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = places.ensure()
    assert {path for path in folder.iterdir() if path.is_dir()} == {
        folder / "complete",
        folder / "growing",
        environment.root,
    }


def test_a_cache_that_cannot_be_written(places: Places) -> None:
    """Without a cache folder, the environment goes to the folder of the build."""
    places.cache.touch()
    assert places.ensure().root.parent == places.work


def test_a_copy_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The requirements are in the metadata of dagfloe's distribution, so it must be installed."""
    monkeypatch.setattr(importlib.metadata.MetadataPathFinder, "find_distributions", lambda *_, **__: iter(()))
    with pytest.raises(PackError, match="not installed: install it with pip"):
        bundle_requirements()
