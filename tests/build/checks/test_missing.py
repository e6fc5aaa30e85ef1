"""What a project uses and its frozen program lacks."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.checks.contents import Contents, read_contents
from dagfloe.build.checks.missing import describe_missing, find_missing
from dagfloe.build.project import Project, read_project

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = Contents(frozenset({"chart"}), frozenset({"pack/there.txt", "pack/folder/x.txt"}))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in a `src` folder."""
    for name in ("pack/__init__.py", "pack/there.txt", "pack/folder/x.txt", "pack/gone/a.sql", "pack/sub/m.py"):
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_text("")
    (tmp_path / "top.sql").write_text("")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "pack:bundle"\n'
    )
    return read_project(tmp_path)


@pytest.mark.parametrize(
    ("path", "is_relative", "advice"),
    [
        ("src/pack/there.txt", False, ""),
        ("src/pack/folder", False, ""),
        ("src", False, ""),
        ("src/pack/sub", False, ""),
        (".", True, ""),
        ("src/pack/gone", False, 'data = ["src/pack/gone:pack/gone"]'),
        ("src/pack/gone/a.sql", False, 'data = ["src/pack/gone/a.sql:pack/gone"]'),
        ("src/pack/gone/a.sql", True, "src/pack/gone/a.sql is read relative to the current folder"),
        ("top.sql", False, "top.sql is read, and it lies outside of your modules' folder: move it below src/pack"),
        ("../elsewhere", False, ""),
    ],
)
def test_own_files(project: Project, path: str, is_relative: bool, advice: str) -> None:
    """Files of the project that the program lacks have a setting or a remark."""
    full = (project.root / path).resolve()
    report = {"loaded": [], "libraries": [], "read": [[str(full), "", is_relative]]}
    described = "\n".join(describe_missing(find_missing(report, NOTHING, project), project))
    assert advice in described
    assert bool(advice) == bool(described)


def test_dependencies(project: Project, tmp_path: Path) -> None:
    """Files of dependencies that were only looked for, code, and the metadata of build tools do not count."""
    site = tmp_path / "env" / "site-packages"
    names = [
        "chart/a.json",
        "chart/a.pyi",
        "chart-1.0.dist-info/METADATA",
        "setuptools-1.0.dist-info/entry_points.txt",
        "other-1.0.dist-info/entry_points.txt",
    ]
    for name in names:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("")
    read = [[str(site / name), name, False] for name in [*names, "chart/absent.json"]]
    missing = find_missing({"loaded": ["chart"], "libraries": [], "read": read}, NOTHING, project)
    assert list(missing.settings(project)) == ['metadata = ["chart", "other"]', 'package-data = ["chart"]']


def test_contents(tmp_path: Path) -> None:
    """The contents are the modules in the archives and in files, and the files."""
    with zipfile.ZipFile(tmp_path / "base_library.zip", "w") as library:
        library.writestr("encodings/__init__.pyc", "")
    lists = {
        "pure": [["tasks", "/p/tasks.py", "PYMODULE"]],
        "binaries": [
            ["python3.11/lib-dynload/math.cpython-311-x86_64-linux-gnu.so", "/m.so", "EXTENSION"],
            ["pandas/_libs/lib.cpython-311-x86_64-linux-gnu.so", "/l.so", "EXTENSION"],
        ],
        "datas": [["base_library.zip", str(tmp_path / "base_library.zip"), "DATA"], ["a/b.py", "/b.py", "DATA"]],
        "scripts": [],
    }
    (tmp_path / "analysis.json").write_text(json.dumps(lists))
    contents = read_contents(tmp_path)
    assert {"tasks", "math", "pandas._libs.lib", "encodings", "a.b", "sys"} <= contents.modules
    assert contents.has("a")
    assert contents.has("a/b.py")
    assert not contents.has("b.py")
