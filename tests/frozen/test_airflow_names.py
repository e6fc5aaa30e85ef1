"""Bundle files with Airflow's names, and what bundle files without them do not contain."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.contents import read_parts
from support.peer import TOOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., subprocess.CompletedProcess[str]]

SETTINGS = """
[project]
name = "moved"
version = "1.0"
requires-python = ">=3.10"
dependencies = []

[tool.dagfloe]
bundle = "moved:bundle"
"""
NAMES = "airflow-names = true\n"
TASKS = """
import multiprocessing

from dagfloe import Bundle
{imports}
bundle = Bundle()
dag = bundle.dag("etl")


@dag.task
def extract({parameters}):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return [{value}, *pool.map(str, [1])]


with dag:
    extract()
"""


def write(folder: Path, *, settings: str = "", imports: str = "", parameters: str = "", value: str = "0") -> Path:
    """Write a project."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(SETTINGS + settings)
    (folder / "moved.py").write_text(TASKS.format(imports=imports, parameters=parameters, value=value))
    return folder


def names_in(file: Path) -> set[str]:
    """The modules of `airflow` and `dagfloe.compat` in a bundle file."""
    contents = read_bundle(file)
    names = {part.name for part in read_parts(file.read_bytes()[: contents.binary_len])}
    return {name for name in names if name.partition(".")[0] == "airflow" or name.startswith("dagfloe.compat")}


def test_names(tmp_path: Path, build: Build) -> None:
    """A function with Airflow's imports and parameters runs in the file and without freezing, also in its children."""
    imports = "from airflow.sdk import get_current_context\n"
    project = write(
        tmp_path / "moved",
        settings=NAMES,
        imports=imports,
        parameters="run_id, ti",
        value="get_current_context()['run_id'] == run_id == ti.run_id",
    )
    built = build(project, tmp_path / "dist")
    assert built.returncode == 0, built.stderr
    for target in (tmp_path / "dist" / "moved", project):
        ran = subprocess.run([TOOL, "run", str(target)], capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stdout
        assert '[true, "1"]' in ran.stdout
    assert "airflow.sdk" in names_in(tmp_path / "dist" / "moved")


def test_real_airflow(tmp_path: Path, build: Build) -> None:
    """In a project with a package `airflow` of its own, that package is imported, in the file and without freezing."""
    package = tmp_path / "real"
    (package / "airflow").mkdir(parents=True)
    (package / "airflow" / "__init__.py").write_text("")
    (package / "airflow" / "sdk.py").write_text("value = 'real'\n")
    (package / "pyproject.toml").write_text(
        '[project]\nname = "apache-airflow"\nversion = "3"\n[build-system]\nrequires = ["hatchling"]\n'
        'build-backend = "hatchling.build"\n[tool.hatch.build.targets.wheel]\npackages = ["airflow"]\n'
    )
    project = write(
        tmp_path / "moved", settings=NAMES, imports="import airflow.sdk as sdk\n", parameters="ti", value="sdk.value"
    )
    settings = (project / "pyproject.toml").read_text()
    dependency = f"apache-airflow @ {package.as_uri()}"
    (project / "pyproject.toml").write_text(settings.replace("dependencies = []", f'dependencies = ["{dependency}"]'))
    built = build(project, tmp_path / "dist")
    assert built.returncode == 0, built.stderr
    for target in (tmp_path / "dist" / "moved", project):
        ran = subprocess.run([TOOL, "run", str(target)], capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stdout
        assert '["real", "1"]' in ran.stdout


def test_uncovered_names(tmp_path: Path, build: Build) -> None:
    """A name that a bundle does not have fails the build, with its place."""
    project = write(tmp_path / "moved", settings=NAMES, imports="from airflow.providers.amazon import hooks\n")
    built = build(project, tmp_path / "dist")
    assert built.returncode == 1
    assert "moved.py:5: 'hooks' of the module airflow.providers.amazon: use the library itself" in built.stderr
    project = write(tmp_path / "other", imports="from airflow.sdk import Variable\n")
    built = build(project, tmp_path / "dist")
    assert built.returncode == 1
    assert "do not need Airflow itself if [tool.dagfloe] has airflow-names = true" in built.stderr


def test_projects_without_the_setting(tmp_path: Path, build: Build) -> None:
    """Nothing of it is in the bundle file of a project that does not ask for it."""
    built = build(write(tmp_path / "moved"), tmp_path / "dist")
    assert built.returncode == 0, built.stderr
    assert names_in(tmp_path / "dist" / "moved") == set()
