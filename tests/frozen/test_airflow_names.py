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


def test_projects_without_the_setting(tmp_path: Path, build: Build) -> None:
    """Nothing of it is in the bundle file of a project that does not ask for it."""
    built = build(write(tmp_path / "moved"), tmp_path / "dist")
    assert built.returncode == 0, built.stderr
    assert names_in(tmp_path / "dist" / "moved") == set()
