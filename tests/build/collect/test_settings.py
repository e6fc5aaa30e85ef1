"""Entries of [tool.dagfloe] that name what is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dagfloe.build.collect.installed import read_installed
from dagfloe.build.collect.settings import Contents, read_contents
from dagfloe.build.freeze.pyinstaller import freeze
from dagfloe.build.inputs import ProjectInputs
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import Interpreter
from dagfloe.build.python.virtualenv import Environment
from dagfloe.format.errors import PackError

ENVIRONMENT = Environment(Path(sys.prefix), Interpreter(Path(sys.executable), "", "", ()))


def write_project(folder: Path, settings: str, dependencies: str = "") -> None:
    """Write a project."""
    (folder / "tasks.py").touch()
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "p"\nversion = "1"\ndependencies = [{dependencies}]\n'
        f'[tool.dagfloe]\nbundle = "tasks:bundle"\n{settings}\n'
    )


def contents(folder: Path, settings: str, dependencies: str = "") -> Contents:
    """Resolve the settings of a project, with this process's own environment as the project's."""
    write_project(folder, settings, dependencies)
    return read_contents(read_project(folder), ["tasks"], ENVIRONMENT, read_installed(ENVIRONMENT))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            'hidden-imports = ["json", "pytset"]',
            "hidden-imports: 'pytset' does not match a module .* closest is 'pytest'",
        ),
        ('hidden-imports = ["_pytest.maark.*"]', "hidden-imports: '_pytest.maark.*' does not .* '_pytest.mark'"),
        ('exclude = ["pytest_no_such"]', "exclude: 'pytest_no_such' does not match a module of this project's envir"),
        ('package-data = ["jsonschemas"]', "package-data: 'jsonschemas' does not match a package .* 'jsonschema'"),
        ('metadata = ["PyTest", "no-such-thing"]', "metadata: 'no-such-thing' does not .*: add its distribution to"),
        ('collect = ["hypothezis"]', "collect: 'hypothezis' does not match .*closest is 'hypothesis'"),
        ('slim = ["pytest"]', "slim: 'pytest' does not match an installed distribution"),
        ('binaries = ["libs/*.so:."]', r"binaries: there is no libs/\*.so in"),
        ('hooks = "nowhere"', "hooks: .*nowhere contains no hook-NAME.py"),
        ("hooks = 3", "hooks is 3: write a folder"),
        ('slim = "all"', "slim must be a list of strings"),
    ],
)
def test_entries_that_match_nothing(tmp_path: Path, settings: str, message: str) -> None:
    """The message names the file, the key, the entry and the closest match."""
    with pytest.raises(PackError, match=rf"pyproject.toml: \[tool.dagfloe\] {message}"):
        contents(tmp_path, settings)


def test_hook_for_a_module_that_is_not_installed(tmp_path: Path) -> None:
    """A misspelt hook is an error, too."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "hook-pytest.py").touch()
    contents(tmp_path, 'hooks = "hooks"')
    (tmp_path / "hooks" / "hook-pytset.py").touch()
    with pytest.raises(PackError, match=r"hooks: 'hook-pytset.py' does not .*closest is 'pytest'"):
        contents(tmp_path, 'hooks = "hooks"')


def test_errors_come_before_pyinstaller(tmp_path: Path) -> None:
    """A wrong entry fails the build before anything is analysed."""
    write_project(tmp_path, 'exclude = ["pytset"]')
    project = read_project(tmp_path)
    inputs = ProjectInputs(project, tmp_path / "dist" / "p")
    with pytest.raises(PackError, match="exclude: 'pytset'"):
        freeze(
            project,
            inputs,
            ENVIRONMENT,
            read_installed(ENVIRONMENT),
            tmp_path / "entry.py",
            tmp_path,
            tmp_path / "log",
            one_file=False,
            bytecode={},
            list_unseen=tuple,
        )
    assert not (tmp_path / "log").exists()


def test_wildcards(tmp_path: Path) -> None:
    """Every key that names modules or distributions takes wildcards."""
    found = contents(
        tmp_path,
        'hidden-imports = ["_pytest.mark.*"]\nexclude = ["_pytest.p*"]\npackage-data = ["jsonsch*"]\n'
        'metadata = ["types-*"]\ncollect = ["hypo*", "click.shell*"]\nslim = ["json*"]',
        '"jsonschema"',
    )
    assert "_pytest.mark.structures" in found.hidden_imports
    assert {"_pytest.pathlib", "_pytest.python"} < {*found.excludes}
    assert "jsonschema" in found.package_data
    assert "types-pyyaml" in found.metadata
    assert "hypothesis" in found.plan.collect
    assert found.plan.packages == ("click.shell_completion",)
    assert found.plan.slim == ("jsonschema", "jsonschema-specifications")


def test_what_is_declared(tmp_path: Path) -> None:
    """Declared are the dependencies, and what their extras require; everything that these need is the closure."""
    plan = contents(tmp_path, "", '"coverage[toml]", "Import_Linter>=1"').plan
    assert plan.whole == ("coverage", "import-linter")
    assert {"coverage", "import-linter", "grimp", "click"} <= {*plan.closure}
    assert contents(tmp_path, "slim = true", '"jsonschema"').plan.slim == plan_closure(tmp_path)


def test_collect_by_the_name_of_a_package(tmp_path: Path) -> None:
    """Who collects a package by the name of its import takes the distribution whole that has it, also if it is slim."""
    plan = contents(tmp_path, 'slim = true\ncollect = ["attr"]', '"jsonschema"').plan
    assert "attrs" in plan.collect
    assert "attrs" not in plan.slim
    assert "jsonschema" in plan.slim
    assert contents(tmp_path, 'slim = true\ncollect = ["attr._make"]', '"jsonschema"').plan.collect == ()


def plan_closure(folder: Path) -> tuple[str, ...]:
    """All that jsonschema needs."""
    return contents(folder, "", '"jsonschema"').plan.closure


@pytest.mark.parametrize(
    ("settings", "excludes"),
    [
        ("", {"tkinter", "_tkinter", "PyInstaller"}),
        ('hidden-imports = ["tkinter.constants"]', {"PyInstaller"}),
    ],
)
def test_what_is_left_out(tmp_path: Path, settings: str, excludes: set[str]) -> None:
    """A setting that names tkinter keeps its compiled part, too."""
    assert {*contents(tmp_path, settings).excludes} == excludes
