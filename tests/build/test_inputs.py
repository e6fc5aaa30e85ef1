"""The files of a project that decide on its bundle file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagfloe.build.inputs import ProjectInputs
from dagfloe.build.project import read_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with data files."""
    files = {
        "pyproject.toml": '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "pack.tasks:bundle"\n'
        'data = ["sql/*.sql:sql"]\npackage-data = ["pack"]\n',
        "pack/__init__.py": "",
        "pack/tasks.py": "",
        "pack/table.csv": "1",
        "sql/a.sql": "select 1",
        ".venv/pyvenv.cfg": "",
        ".venv/lib/x.py": "",
        "env/pyvenv.cfg": "",
        "pack/__pycache__/tasks.pyc": "",
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "is_input"),
    [
        ("pack/tasks.py", True),
        ("pack/new.py", True),
        ("pack/native.so", True),
        ("pack/table.csv", True),
        ("pack/new.csv", True),
        ("sql/a.sql", True),
        ("sql/b.sql", True),
        ("new.py", True),
        (".venv/lib/x.py", False),
        ("env/x.py", False),
        ("pack/__pycache__/tasks.pyc", False),
        (".git/HEAD", False),
    ],
)
def test_changed_files(path: str, is_input: bool, root: Path) -> None:
    """New and changed code, settings and data change the digest; environments and caches do not."""
    before = ProjectInputs(read_project(root), root / "dist" / "p").digest
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("new")
    assert (ProjectInputs(read_project(root), root / "dist" / "p").digest != before) == is_input


def test_settings(root: Path) -> None:
    """Writing the same content again does not change the digest; a new setting does."""
    before = ProjectInputs(read_project(root), root / "dist" / "p").digest
    (root / "pack" / "tasks.py").write_text("")
    assert ProjectInputs(read_project(root), root / "dist" / "p").digest == before
    with (root / "pyproject.toml").open("a") as file:
        file.write('exclude = ["colorsys"]\n')
    assert ProjectInputs(read_project(root), root / "dist" / "p").digest != before


def test_files_are_read_once(root: Path) -> None:
    """A build works with the content that it read first; a module outside of the inputs is read when it is needed."""
    (root / "pack" / "tasks.py").write_text("first")
    inputs = ProjectInputs(read_project(root), root / "dist" / "p")
    (root / "pack" / "tasks.py").write_text("second")
    assert inputs.read_module(root / "pack" / "tasks.py") == b"first"
    assert inputs.read_module(root / "env" / "pyvenv.cfg") == b""
    with pytest.raises(OSError, match="nowhere"):
        inputs.read_module(root / "nowhere.py")
