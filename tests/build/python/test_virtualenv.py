"""The virtual environment of a bundle."""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.collect.installed import read_installed
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import Interpreter
from dagfloe.build.python.uv import find_uv
from dagfloe.build.python.virtualenv import Environment, bundle_requirements, ensure_environment
from dagfloe.format.errors import FreezeError, PackError
from support.package_index import PackageIndex
from support.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable


def test_bundle_requirements_are_those_of_the_extra() -> None:
    """They are those of dagfloe's extra `bundle`, without the tool's own dependencies."""
    names = {requirement.name.lower(): requirement for requirement in bundle_requirements()}
    assert set(names) == {"click", "msgpack", "pyinstaller", "pyyaml"}
    assert all(requirement.marker is None and requirement.specifier for requirement in names.values())


def test_contents() -> None:
    """An environment lists its distributions, and finds the modules that are installed in it."""
    environment = Environment(Path(sys.prefix), Interpreter(Path(sys.executable), "", "", ()))
    assert {"pytest", "dagfloe"} <= installed(environment)
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
        environment.find_modules(["pytest"])


def installed(environment: Environment) -> set[str]:
    """The names of the distributions in an environment."""
    return set(read_installed(environment).distributions)


class Places:
    """A project, the folder of its build, a cache, and the only folder that distributions come from."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.wheels = folder / "wheels"
        self.root = folder / "my project"
        self.root.mkdir()
        self._work = folder
        self._builds = 0
        for name, version in (("click", "8.1"), ("msgpack", "1.1"), ("pyinstaller", "6.10"), ("pyyaml", "6.0")):
            write_wheel(self.wheels, name, {}, version=version)
        self.interpreter = Interpreter(Path(sys.executable), "3.11.7", sys.base_prefix, ())
        (self.root / "tasks.py").touch()
        self.require("tabs")

    @property
    def work(self) -> Path:
        """The folder of the last build."""
        return self._work / f"work{self._builds}"

    @property
    def log(self) -> str:
        """What the last build logged; empty if it ran no program."""
        log = self.work / "environment.log"
        return log.read_text() if log.exists() else ""

    def require(self, *requirements: str, more: str = "") -> None:
        """Write the project's requirements."""
        (self.root / "pyproject.toml").write_text(
            f'[project]\nname = "sales"\nversion = "1"\ndependencies = {json.dumps(requirements)}\n'
            f'requires-python = ">=3.10"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n{more}'
        )

    def add(self, name: str, version: str = "1.0", *, requires: Iterable[str] = (), code: str = "") -> Path:
        """Write a wheel with one module."""
        return write_wheel(self.wheels, name, {f"{name}.py": code}, version=version, requires=requires)

    def ensure(self, *, upgrade: bool = False, lock: bool = False) -> Environment:
        """Make or find the environment."""
        self._builds += 1
        self.work.mkdir()
        return ensure_environment(read_project(self.root), self.interpreter, self.work, upgrade=upgrade, lock=lock)


def run(environment: Environment, code: str) -> str:
    """What Python code prints in an environment."""
    command = [str(environment.python), "-I", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def version(environment: Environment, name: str) -> str:
    """The version of a distribution in an environment."""
    return run(environment, f"import importlib.metadata as m; print(m.version({name!r}))")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A project that was never built, with a cache of its own and no network."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    places = Places(tmp_path)
    places.add("tabs")
    return places


def test_an_environment_is_made_once(places: Places) -> None:
    """The environment has the dependencies of the project and of the build; the next build uses it again."""
    environment = places.ensure()
    assert environment.root.parent == places.cache / "environments"
    assert installed(environment) == {"tabs", "click", "msgpack", "pyinstaller", "pyyaml"}
    identity = environment.identity
    assert places.ensure().identity == identity
    assert not places.log


def test_versions_stay_until_an_upgrade(places: Places) -> None:
    """A newer version is not taken by the next build, nor after another dependency was added, but with --upgrade."""
    assert version(places.ensure(), "tabs") == "1.0"
    places.add("tabs", "1.1")
    places.add("spaces")
    assert version(places.ensure(), "tabs") == "1.0"
    places.require("tabs", "spaces")
    environment = places.ensure()
    assert (version(environment, "tabs"), version(environment, "spaces")) == ("1.0", "1.0")
    assert version(places.ensure(upgrade=True), "tabs") == "1.1"
    assert version(places.ensure(), "tabs") == "1.1"


def test_requirements_that_exclude_each_other(places: Places) -> None:
    """The message shows which distributions want what, and the log that it names stays."""
    places.add("spaces", requires=["tabs>=2"])
    places.require("tabs<2", "spaces")
    with pytest.raises(FreezeError) as caught:
        places.ensure()
    message = " ".join(str(caught.value).split())
    assert "spaces" in message
    assert "tabs>=2" in message
    assert "and you require" in message, message
    assert str(places.work / "environment.log") in message
    assert not [*(places.cache / "environments").glob("*/bin")]


def test_a_distribution_that_does_not_exist(places: Places) -> None:
    """The message names the distribution and who requires it."""
    places.require("nowhere>=3")
    with pytest.raises(FreezeError, match=r"nowhere.*not found|nowhere.*was not found|no versions of nowhere"):
        places.ensure()


SECRET = "hunter2-secret"  # noqa: S105 - of an index of this test


@pytest.mark.parametrize("source", ["variable", "file", "uv", "netrc"])
def test_an_index_with_a_password(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """The password of an index reaches the index, and no log, message or file."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    with PackageIndex(places.wheels, f"me:{SECRET}").running() as index:
        url = index.url.replace("://", f"://me:{SECRET}@")
        if source == "variable":
            monkeypatch.setenv("PIP_INDEX_URL", url)
        elif source == "uv":
            monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
            monkeypatch.setenv("UV_DEFAULT_INDEX", url)
        else:
            netrc = tmp_path / "netrc"
            netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
            netrc.chmod(0o600)
            monkeypatch.setenv("NETRC", str(netrc if source == "netrc" else os.devnull))
            configuration = tmp_path / "pip.conf"
            configuration.write_text(f"[global]\nindex-url = {index.url if source == 'netrc' else url}\n")
            monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
        assert "tabs" in installed(places.ensure())
        assert any("/files/tabs-" in path for path in index.paths)
        places.require("tabs", "nowhere>=3")
        with pytest.raises(FreezeError) as caught:
            places.ensure()
        shutil.rmtree(places.cache / "environments")
        places.require("tabs")
        places.ensure()
        places.ensure(lock=True)
    assert "nowhere" in str(caught.value)
    written = [path for folder in ("cache", "work1", "work2", "my project") for path in (tmp_path / folder).rglob("*")]
    found = [path for path in written if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert not found
    assert SECRET not in str(caught.value)


def test_an_index_that_refuses(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says that the index asks for a password, without the wrong one."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    with PackageIndex(places.wheels, f"me:{SECRET}").running() as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("://", "://me:wrong-password@"))
        with pytest.raises(FreezeError, match=r"401") as caught:
            places.ensure()
    assert "wrong-password" not in str(caught.value)
    assert "wrong-password" not in places.log


def test_a_proxy(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go to the proxy of pip's configuration."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with PackageIndex(places.wheels).running() as proxy:
        monkeypatch.setenv("PIP_INDEX_URL", "http://packages.example/simple")
        monkeypatch.setenv("PIP_PROXY", proxy.url.removeprefix("http://").removesuffix("/simple"))
        places.ensure()
        assert "http://packages.example/simple/tabs/" in proxy.paths


def test_a_constraint(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constraints of pip's configuration count."""
    places.add("tabs", "1.1")
    (tmp_path / "constraints.txt").write_text("tabs<1.1\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "constraints.txt"))
    assert version(places.ensure(), "tabs") == "1.0"


SOURCE = """[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "sharedlib"
version = "1.0"
"""
#: A build backend without requirements: it packs the folder `lib`.
BACKEND = """
import os, sys, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "sharedlib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for file in sorted(os.listdir("lib")):
            wheel.write(os.path.join("lib", file), file)
        info = "sharedlib-1.0.dist-info/"
        requires = open("requires.txt").read() if os.path.exists("requires.txt") else ""
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: sharedlib\\nVersion: 1.0\\n" + requires)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    os.makedirs("build/lib", exist_ok=True)
    open("build/lib/output", "a").write("x")
    return name
"""


def write_source(folder: Path, code: str) -> Path:
    """Write a distribution as a folder with a module that a build reads from a subfolder, where uv does not look."""
    (folder / "lib").mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(SOURCE)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "lib" / "sharedlib.py").write_text(code)
    return folder


SHOW = "import sharedlib; print(sharedlib.VALUE)"


@pytest.mark.parametrize("kind", ["url", "path", "editable"])
def test_a_folder_that_is_edited(places: Places, tmp_path: Path, kind: str) -> None:
    """An edit of a local folder makes the next build install this distribution again; a build alone does not."""
    source = write_source(tmp_path / "shared lib", "VALUE = 1")
    if kind == "url":
        places.require("tabs", f"sharedlib @ {source.as_uri()}")
    else:
        editable = ", editable = true" if kind == "editable" else ""
        places.require(
            "tabs", "sharedlib", more=f'[tool.uv.sources]\nsharedlib = {{ path = "../shared lib"{editable} }}\n'
        )
    first = places.ensure()
    assert run(first, SHOW) == "1"
    assert places.ensure().identity == first.identity
    assert not places.log
    (source / "lib" / "sharedlib.py").write_text("VALUE = 2")
    second = places.ensure()
    assert run(second, SHOW) == "2"
    assert run(first, SHOW) == "1"  # a command that still uses it sees no change
    assert places.log.count("Built ") == 1
    (source / "requires.txt").write_text("Requires-Dist: spaces\n")
    (source / "pyproject.toml").write_text(SOURCE + 'dependencies = ["spaces"]\n')
    places.add("spaces")
    assert "spaces" in installed(places.ensure())


def test_a_branch(places: Places, tmp_path: Path) -> None:
    """A branch stays at the commit of the first build; --upgrade looks it up."""
    source = write_source(tmp_path / "repository", "VALUE = 1")

    def git(*arguments: str) -> None:
        command = ["git", "-c", "user.name=me", "-c", "user.email=me@localhost", *arguments]
        subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=50)

    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "one")
    places.require("tabs", f"sharedlib @ git+{source.as_uri()}@main")
    assert run(places.ensure(), SHOW) == "1"
    (source / "lib" / "sharedlib.py").write_text("VALUE = 2")
    git("commit", "--all", "--message", "two")
    assert run(places.ensure(), SHOW) == "1"
    assert not places.log
    assert run(places.ensure(upgrade=True), SHOW) == "2"


def test_a_wheel_that_is_replaced(places: Places, tmp_path: Path) -> None:
    """A wheel that a requirement names by its path counts by its content."""
    folder = tmp_path / "elsewhere"
    wheel = write_wheel(folder, "sharedlib", {"sharedlib.py": "VALUE = 1"})
    places.require(f"sharedlib @ {wheel.as_uri()}")
    assert run(places.ensure(), SHOW) == "1"
    write_wheel(folder, "sharedlib", {"sharedlib.py": "VALUE = 2"})
    assert run(places.ensure(), SHOW) == "2"


UV_TABLE = '[tool.uv]\nno-index = true\nfind-links = ["../wheels"]\n'


def lock_with_uv(places: Places) -> None:
    """Run `uv lock`, as an author does."""
    command = [find_uv(), "lock", "--quiet", "--python", sys.executable]
    subprocess.run(command, cwd=places.root, check=True, timeout=60, capture_output=True)


def test_a_lock_file_of_uv(places: Places) -> None:
    """The bundle has the versions of `uv.lock`, its groups for development left out; the tool comes in addition."""
    places.add("tests")
    places.require("tabs", "dagfloe", more=f'{UV_TABLE}[dependency-groups]\ndev = ["tests"]\n')
    write_wheel(places.wheels, "dagfloe", {}, requires=["rich"])
    places.add("rich")
    lock_with_uv(places)
    places.add("tabs", "1.1")
    environment = places.ensure()
    assert version(environment, "tabs") == "1.0"
    assert installed(environment) == {"tabs", "click", "msgpack", "pyinstaller", "pyyaml"}
    assert places.ensure().identity == environment.identity
    assert not places.log
    assert version(places.ensure(upgrade=True), "tabs") == "1.1"
    assert 'version = "1.1"' in (places.root / "uv.lock").read_text()


def test_a_workspace(places: Places, tmp_path: Path) -> None:
    """The lock file of a workspace counts for its members; a member that the project requires is one of its folders."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "workspace"\nversion = "1"\nrequires-python = ">=3.10"\n'
        '[tool.uv]\nno-index = true\nfind-links = ["wheels"]\n'
        '[tool.uv.workspace]\nmembers = ["my project", "shared lib"]\n'
    )
    source = write_source(tmp_path / "shared lib", "VALUE = 1")
    places.require("tabs", "sharedlib", more="[tool.uv.sources]\nsharedlib = { workspace = true }\n")
    lock_with_uv(places)
    assert not (places.root / "uv.lock").exists()
    places.add("tabs", "1.1")
    environment = places.ensure()
    assert (version(environment, "tabs"), run(environment, SHOW)) == ("1.0", "1")
    (source / "lib" / "sharedlib.py").write_text("VALUE = 2")
    assert run(places.ensure(), SHOW) == "2"


def test_a_lock_file_of_uv_that_is_outdated(places: Places) -> None:
    """If the requirements changed since, the error says how to lock again; --lock does that."""
    places.require("tabs", more=UV_TABLE)
    lock_with_uv(places)
    places.add("spaces")
    places.require("tabs", "spaces", more=UV_TABLE)
    with pytest.raises(
        PackError, match=r"uv\.lock does not fit .*pyproject\.toml.*: run `uv lock`, or build with --lock"
    ):
        places.ensure()
    assert "spaces" in installed(places.ensure(lock=True))


def test_a_lock_file_of_a_tool_that_needs_another_version(places: Places) -> None:
    """If the build needs another version than the lock has, the message shows both."""
    places.add("packaging", "20.0")
    places.add("packaging", "24.0")
    write_wheel(places.wheels, "pyinstaller", {}, version="6.10", requires=["packaging>=22"])
    places.require("packaging<21", more=UV_TABLE)
    lock_with_uv(places)
    with pytest.raises(FreezeError, match=r"(?s)packaging.*22"):
        places.ensure()


def test_a_lock_file_that_the_build_writes(places: Places) -> None:
    """--lock writes `pylock.toml` with the versions of the last build, which count on every host."""
    places.ensure()
    places.add("tabs", "1.1")
    assert version(places.ensure(lock=True), "tabs") == "1.0"
    shutil.rmtree(places.cache)
    assert version(places.ensure(), "tabs") == "1.0"
    assert version(places.ensure(lock=True, upgrade=True), "tabs") == "1.1"
    places.require("tabs<1.1", "spaces")
    with pytest.raises(PackError, match=r"pylock\.toml does not hold what .* requires: tabs<1\.1, spaces; build with"):
        places.ensure()


def test_a_lock_file_with_a_local_folder(places: Places, tmp_path: Path) -> None:
    """Its relative paths start at its own folder."""
    source = write_source(tmp_path / "shared lib", "VALUE = 1")
    places.require("sharedlib", more='[tool.uv.sources]\nsharedlib = { path = "../shared lib", editable = true }\n')
    assert run(places.ensure(lock=True), SHOW) == "1"
    assert '"../shared lib"' in (places.root / "pylock.toml").read_text()
    (source / "lib" / "sharedlib.py").write_text("VALUE = 2")
    assert run(places.ensure(), SHOW) == "2"


def test_a_file_that_is_no_lock(places: Places) -> None:
    """The error names the file."""
    (places.root / "pylock.toml").write_text("packages = 1")
    with pytest.raises(PackError, match=r"pylock\.toml is not a lock file of PEP 751"):
        places.ensure()


def test_extras_and_markers(places: Places) -> None:
    """Extras bring their requirements; a requirement for another host is left out."""
    write_wheel(places.wheels, "table", {}, requires=['spaces ; extra == "wide"'], extras=["wide"])
    places.add("spaces")
    places.require("table[wide]", "nowhere ; sys_platform == 'win32'")
    assert {"table", "spaces"} <= installed(places.ensure())


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
    assert places.ensure().root.parent == places.work / "environments"


def test_a_copy_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The requirements are in the metadata of dagfloe's distribution, so it must be installed."""
    monkeypatch.setattr(importlib.metadata.MetadataPathFinder, "find_distributions", lambda *_, **__: iter(()))
    with pytest.raises(PackError, match="not installed: install it with pip"):
        bundle_requirements()
