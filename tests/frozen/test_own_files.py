"""Projects with data files, sources, metadata and unusual dependencies: the bundle file does what the project does."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import TOOL
from support.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., subprocess.CompletedProcess[str]]

PYPROJECT = """
[project]
name = "Own.Files"
version = "1.2.3"
description = "Reads its own files."
dependencies = [
    "shapes[round] @ {shapes} ; python_version >= '3.10'",
    "absent-distribution ; python_version < '3'",
    "edited @ {edited}",
    "space-one @ {one}",
    "space-two @ {two}",
]
[project.scripts]
own = "own.tasks:plugin"
[project.entry-points."own.plugins"]
one = "own.tasks:plugin"
two = "plugins.second:plugin"
[tool.dagfloe]
bundle = "own.tasks:bundle"
metadata = ["own-files"]
"""
TASKS = '''
"""Facts that depend on files."""

import inspect
import json
import pkgutil
from importlib import metadata, resources
from pathlib import Path

import edited
import space.one
import space.two
from shapes import circle

from dagfloe import Bundle, Client

bundle = Bundle()
HERE = Path(__file__).parent


def plugin():
    return "first"


def facts():
    points = metadata.entry_points(group="own.plugins")
    return {
        "tables": sorted(path.name for path in (HERE / "my tables").rglob("*.yaml")),
        "source": Path(__file__).read_text().splitlines()[1],
        "inspect": inspect.getsource(plugin),
        "doc": inspect.getdoc(inspect.getmodule(plugin)),
        "resource": (resources.files("own") / "my tables" / "a.yaml").read_text(),
        "pkgutil": pkgutil.get_data("own.sub", "x.txt").decode(),
        "version": metadata.version("own.files"),
        "summary": metadata.metadata("own-files")["Summary"],
        "requires": len(metadata.requires("own-files")),
        "plugins": sorted(point.load()() for point in points),
        "scripts": [point.value for point in metadata.entry_points(group="console_scripts", name="own")],
        "dependencies": [edited.NAME, space.one.NAME, space.two.NAME, circle.NAME],
    }


@bundle.dag("facts").task
def write(client: Client):
    Path(client.get_variable("out")).write_text(json.dumps(facts()))


for path in sorted((HERE / "my tables").glob("*.yaml")):
    bundle.dag(f"table_{path.stem}").task(facts)
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a folder with a space in its name."""
    root = tmp_path_factory.mktemp("projects") / "my project"
    wheels = root.parent / "wheels"
    wheels.mkdir()
    edited = tmp_path_factory.mktemp("edited")
    (edited / "edited.py").write_text("NAME = 'edited'\n")

    shapes = {"shapes/__init__.py": "", "shapes/circle.py": "from shapes_round import NAME"}
    urls = {
        "shapes": write_wheel(wheels, "shapes", shapes, requires=["shapes_round; extra == 'round'"], extras=["round"]),
        "edited": write_wheel(wheels, "edited", {"__editable__.edited.pth": f"{edited}\n"}),
        "one": write_wheel(wheels, "space_one", {"space/one/__init__.py": "NAME = 'one'"}),
        "two": write_wheel(wheels, "space_two", {"space/two.py": "NAME = 'two'"}),
    }
    write_wheel(wheels, "shapes_round", {"shapes_round.py": "NAME = 'round'"})
    files = {
        "pyproject.toml": PYPROJECT.format(**{name: path.as_uri() for name, path in urls.items()}),
        "src/own/__init__.py": "",
        "src/own/tasks.py": TASKS,
        "src/own/my tables/a.yaml": "a: 1\n",
        "src/own/my tables/deep/b.yaml": "b: 1\n",
        "src/own/sub/__init__.py": "",
        "src/own/sub/x.txt": "text",
        "src/plugins/second.py": "def plugin():\n    return 'second'\n",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def run(what: Path, folder: Path) -> dict[str, Any]:
    """Run the Dag of a project or a file, and return what its task writes."""
    command = [TOOL, "run", str(what), "--dag", "facts", "--var", f"out={folder / 'out.json'}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    facts: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return facts


def test_facts(project: Path, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data, sources, metadata, entry points and dependencies are the same in the project and in the file."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(project.parent / "wheels"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    expected = {
        "tables": ["a.yaml", "b.yaml"],
        "source": '"""Facts that depend on files."""',
        "inspect": 'def plugin():\n    return "first"\n',
        "doc": "Facts that depend on files.",
        "resource": "a: 1\n",
        "pkgutil": "text",
        "version": "1.2.3",
        "summary": "Reads its own files.",
        "requires": 5,
        "plugins": ["first", "second"],
        "scripts": ["own.tasks:plugin"],
        "dependencies": ["edited", "one", "two", "round"],
    }
    assert run(project, tmp_path) == expected
    answer = build(project, tmp_path / "files", "--json")
    assert answer.returncode == 0, answer.stderr
    assert sorted(json.loads(answer.stdout)["dags"]) == ["facts", "table_a"]
    file = tmp_path / "files" / "own-files"
    assert run(file, tmp_path) == expected
    assert not list(project.rglob("__pycache__"))
    (project / "src/own/my tables/c.yaml").write_text("")
    answer = build(project, tmp_path / "files", "--json")
    assert sorted(json.loads(answer.stdout)["dags"]) == ["facts", "table_a", "table_c"]
