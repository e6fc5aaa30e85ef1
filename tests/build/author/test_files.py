"""The files that belong to the author's code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.build.author import files
from dagfloe.build.inputs import ProjectInputs
from dagfloe.build.project import read_project
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = '[project]\nname = "p"\nversion = "1"\n'


def write(root: Path, settings: str, **contents: str) -> None:
    """Write a project; two underscores in the name of a file stand for a slash, and one for a dot."""
    (root / "pyproject.toml").write_text(SETTINGS + settings)
    for name, content in contents.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def find(root: Path) -> list[str]:
    """The data files of a project, relative to its source root."""
    project = read_project(root)
    return [str(path.relative_to(project.source_root)) for path in ProjectInputs(project, root / "dist/p").data_files]


PACKAGE = '[tool.dagfloe]\nbundle = "pack:bundle"\n'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A project whose bundle is in a package, with data and with files that no wheel has."""
    write(tmp_path, PACKAGE, other__a_csv="", README_md="")
    for name in (
        "__init__.py",
        "a.yaml",
        "sub-tables/2026/b.csv",
        "my-template.py",
        ".env",
        ".git/HEAD",
        "__pycache__/x.pyc",
        "x.pyc",
        "env/pyvenv.cfg",
        "sub/c.sql",
    ):
        path = tmp_path / "src" / "pack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path


ALL = ["pack/a.yaml", "pack/my-template.py", "pack/sub/c.sql", "pack/sub-tables/2026/b.csv"]


def test_package(package: Path) -> None:
    """All files of a package belong to it, except hidden ones, caches and environments."""
    assert find(package) == ALL


@pytest.mark.parametrize(
    ("settings", "excluded"),
    [
        ('[tool.hatch.build]\nexclude = ["*.csv"]\n', "pack/sub-tables/2026/b.csv"),
        ('[tool.hatch.build.targets.wheel]\nexclude = ["/src/pack/sub"]\n', "pack/sub/c.sql"),
        ('[tool.hatch.build]\nexclude = ["**/b.csv"]\n', "pack/sub-tables/2026/b.csv"),
        ('[tool.poetry]\nexclude = [{path = "src/pack/a.yaml", format = ["wheel"]}]\n', "pack/a.yaml"),
        ('[tool.setuptools.exclude-package-data]\npack = ["a.yaml"]\n', "pack/a.yaml"),
        ('[tool.setuptools.exclude-package-data]\n"*" = ["*.yaml"]\n', "pack/a.yaml"),
        ('[tool.uv.build-backend]\nwheel-exclude = ["sub-tables"]\n', "pack/sub-tables/2026/b.csv"),
        ('[tool.pdm.build]\nexcludes = ["src/pack/*.yaml"]\n', "pack/a.yaml"),
    ],
)
def test_build_backends(package: Path, settings: str, excluded: str) -> None:
    """What the project's build backend leaves out of a wheel is not in the bundle file."""
    (package / "pyproject.toml").write_text(SETTINGS + PACKAGE + settings)
    assert find(package) == [name for name in ALL if name != excluded]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("Path(__file__).parent / 'tables'", ["tables/a.yaml", "tables/deep/b.yaml"]),
        ("(HERE / 'tables').glob('*.yaml')\n__file__", ["tables/a.yaml", "tables/deep/b.yaml"]),
        ("open(f'{os.path.dirname(__file__)}/tables/{name}.yaml')", ["tables/a.yaml"]),
        ("Path(__file__).with_name(f'{name}.sql')", ["one.sql", "two.sql"]),
        ("Path(__file__).with_name('%s.sql' % name)", ["one.sql", "two.sql"]),
        ("NAMES = ['one.sql']\nPath(__file__).with_name(NAMES[0])", ["one.sql"]),
        ("importlib.resources.files().joinpath('one.sql')", ["one.sql"]),
        ("'one.sql'", []),
        ("row['tables'], {'tables': __file__}, x == 'tables', row.get('tables')", []),
        ("'''tables'''\n__file__", []),
        ("__file__, '*', '.', '..', '/', '', '.env', 'tasks.py', 'x\\0', '[', '**x'", []),
    ],
)
def test_beside_a_module(tmp_path: Path, code: str, names: list[str]) -> None:
    """Beside a module that is in no package, the files that a string of its code names belong to it."""
    write(
        tmp_path,
        '[tool.dagfloe]\nbundle = "tasks:bundle"\n',
        tasks_py=code,
        seed_toml="",
        one_sql="",
        two_sql="",
        tables__a_yaml="",
        tables__deep__b_yaml="",
        helper__x_py="",
    )
    assert find(tmp_path) == names


def test_modules_that_are_imported(tmp_path: Path) -> None:
    """A package beside the module brings its files if a module imports it, in a function or by name, too."""
    write(
        tmp_path,
        '[tool.dagfloe]\nbundle = "tasks:bundle"\nhidden-imports = ["three"]\n'
        '[project.entry-points.plugins]\nfour = "four.sub:f"\n',
        tasks_py="def f():\n from one import sub\nimportlib.import_module('two')",
    )
    for name in ("one", "two", "three", "four", "five"):
        (tmp_path / name).mkdir()
        for file in ("__init__.py", "sub.py", "data.csv"):
            (tmp_path / name / file).write_text("")
    found = find(tmp_path)
    assert [name for name in found if name.endswith(".csv")] == [
        "four/data.csv",
        "one/data.csv",
        "three/data.csv",
        "two/data.csv",
    ]


def test_digest(package: Path) -> None:
    """A changed and a new data file change the digest."""
    digests = set()
    for content in ("1", "2"):
        (package / "src" / "pack" / "a.yaml").write_text(content)
        digests.add(ProjectInputs(read_project(package), package / "dist").digest)
    (package / "src" / "pack" / "sub-tables" / "new.csv").write_text("")
    digests.add(ProjectInputs(read_project(package), package / "dist").digest)
    assert len(digests) == 3


def test_large_data(package: Path) -> None:
    """Data above the limit fails with the line that allows the largest file, which is then allowed."""
    os.truncate(package / "src" / "pack" / "a.yaml", files.MAX_DATA_BYTES + 1)
    with pytest.raises(PackError) as caught:
        find(package)
    line = str(caught.value).splitlines()[-1].strip()
    assert line == 'data = ["src/pack/a.yaml:pack"]'
    (package / "pyproject.toml").write_text(f"{SETTINGS}{PACKAGE}{line}\n")
    assert find(package) == ALL


def test_unreadable_data(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read is named. The operating system is imitated, because root can read every file."""
    opened = os.open

    def refuse(path: Any, *args: Any, **options: Any) -> int:
        if os.fspath(path).endswith("a.yaml"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PackError, match=r"pack/a\.yaml lies in the author's code and cannot be read: Permission"):
        find(package)
