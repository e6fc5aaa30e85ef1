"""What of a project decides on its bundle file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagfloe.build.inputs import digest_inputs
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
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "counts"),
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
def test_what_counts(path: str, counts: bool, root: Path) -> None:
    """Code, settings and data count, new ones too; environments and caches do not."""
    before = digest_inputs(read_project(root))
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("new")
    assert (digest_inputs(read_project(root)) != before) == counts


def test_without_a_change(root: Path) -> None:
    """Writing the same again changes nothing; settings do."""
    before = digest_inputs(read_project(root))
    (root / "pack" / "tasks.py").write_text("")
    assert digest_inputs(read_project(root)) == before
    with (root / "pyproject.toml").open("a") as file:
        file.write('exclude = ["colorsys"]\n')
    assert digest_inputs(read_project(root)) != before
