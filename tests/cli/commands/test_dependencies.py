"""What `dagfloe build` and `dagfloe run` say about dependencies, at the command line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dagfloe.cli.tool import main
from support.wheels import write_wheel


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without network, whose distributions are in a folder."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    for name, value in (
        ("DAGFLOE_CACHE_DIR", tmp_path / "cache"),
        ("UV_CACHE_DIR", tmp_path / "uv"),
        ("PIP_CONFIG_FILE", os.devnull),
        ("PIP_NO_INDEX", 1),
        ("PIP_FIND_LINKS", tmp_path / "wheels"),
        ("TMPDIR", tmp_path / "temporary"),
    ):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temporary").mkdir()
    for name, version in (("click", "8.1"), ("msgpack", "1.1"), ("pyinstaller", "6.10"), ("pyyaml", "6.0")):
        write_wheel(tmp_path / "wheels", name, {}, version=version)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "tasks.py").write_text("from dagfloe import Bundle\nbundle = Bundle()\n")
    return folder


def require(project: Path, requirements: str) -> None:
    """Write the project's requirements."""
    (project / "pyproject.toml").write_text(
        f'[project]\nname = "sales"\nversion = "1"\ndependencies = {requirements}\n'
        '[tool.dagfloe]\nbundle = "tasks:bundle"\n'
    )


def fails(*arguments: str | Path) -> str:
    """Run a command that fails, and return its output."""
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("command", ["build", "run"])
def test_a_conflict(project: Path, command: str) -> None:
    """Both commands show which distributions want what, and name a log that is there."""
    wheels = project.parent / "wheels"
    write_wheel(wheels, "old", {}, requires=["base<2"])
    write_wheel(wheels, "new", {}, requires=["base>=2"])
    for version in ("1.0", "2.0"):
        write_wheel(wheels, "base", {}, version=version)
    require(project, '["old", "new"]')
    output = fails(command, project)
    words = " ".join(output.split())
    assert re.search(r"old==1\.0 depends on base<2|all versions of old depend on base<2", words), output
    assert "base>=2" in words
    logs = re.findall(r"output is in (\S+)", words)
    assert logs
    assert all("base>=2" in Path(log).read_text() for log in logs)


@pytest.mark.parametrize("command", ["build", "run"])
def test_a_distribution_that_cannot_be_built(project: Path, command: str) -> None:
    """If the source of a distribution cannot be built, the message has the reason, and its log is there."""
    source = project.parent / "broken"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "broken"\nversion = "1"\n'
    )
    (source / "backend.py").write_text("def build_wheel(*_, **__):\n    raise RuntimeError('no compiler here')\n")
    require(project, f'["broken @ {source.as_uri()}"]')
    output = fails(command, project)
    assert "no compiler here" in output
    (log,) = re.findall(r"output is in (\S+)", output)
    assert "no compiler here" in Path(log).read_text()


def test_a_python_for_a_bundle_file(project: Path) -> None:
    """A bundle file has its own Python and versions, so `run` refuses options for them; a wrong version is refused."""
    file = project.parent / "file"
    file.touch()
    result = CliRunner().invoke(main, ["run", str(file), "--python", "3.12"])
    assert (result.exit_code, "--python and --upgrade are for project folders" in result.output) == (2, True)
    result = CliRunner().invoke(main, ["build", str(project), "--python", "three"])
    assert (result.exit_code, "write a version such as 3.13, or a path" in result.output) == (2, True)
