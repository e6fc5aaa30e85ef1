"""PyInstaller takes the code of modules from bytecode files, and it is the code that it would compile."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dagfloe.build.freeze import quick_code
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.build.python.virtualenv import ensure_environment

ROOT = Path(__file__).parents[3]
#: Reads the code of some modules with PyInstaller's function and with the new one, several times.
COMPARE = """
import json, marshal, runpy, sys, sysconfig
from pathlib import Path
import PyInstaller.building.api as api

own = Path(sys.argv[2])
(own / "wrong.py").write_text("def (")
paths = [*sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:60], own / "mine.py"]
names = {path.stem: str(path) for path in paths}

def read():
    codes = {name: api.get_code_object(name, path, 0) for name, path in names.items()}
    return codes, {name: marshal.dumps(code) for name, code in codes.items()}

def kept():
    return {path.name.partition(".")[0] for path in Path(sys.pycache_prefix).rglob("*.pyc")}

before = read()[0]
quick_code = runpy.run_path(sys.argv[1])
quick_code["keep"]([(name, path, "PYMODULE") for name, path in names.items()], before, [str(own)])
after_keep = kept()
replaced = quick_code["install"]()
first, second = read(), read()
try:
    api.get_code_object("wrong", str(own / "wrong.py"), 0)
    error = ""
except SyntaxError:
    error = "SyntaxError"
optimized = api.get_code_object("mine", str(own / "mine.py"), 2)
print(json.dumps({"replaced": replaced, "equal": before == first[0] == second[0], "same bytes": first[1] == second[1],
                  "kept": sorted(after_keep & set(names)), "kept later": sorted(kept() & set(names)),
                  "names": sorted(names), "error": error, "optimized": "a docstring" in optimized.co_consts}))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the comparison printed."""
    folder = tmp_path_factory.mktemp("quick")
    project = read_project(ROOT / "bundles" / "hello")
    environment = ensure_environment(project, find_interpreter(project), folder)
    own = folder / "own"
    own.mkdir()
    (own / "mine.py").write_text('"""a docstring"""\nassert True\n')
    command = [str(environment.python), "-c", COMPARE, quick_code.__file__, str(own)]
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=50, env=env).stdout)


def test_code_is_the_same(answer: Any) -> None:
    """The code is what PyInstaller compiles, and is written to an archive in the same bytes each time."""
    assert answer["replaced"]
    assert answer["equal"]
    assert answer["same bytes"]


def test_what_is_kept(answer: Any) -> None:
    """An analysis leaves the bytecode of all modules but the author's, which may change while it runs."""
    assert answer["kept"] == [name for name in answer["names"] if name != "mine"]
    assert answer["kept later"] == answer["names"]


def test_other_code(answer: Any) -> None:
    """A module that cannot be compiled raises what it did; optimized code comes from PyInstaller."""
    assert answer["error"] == "SyntaxError"
    assert not answer["optimized"]


def test_library(tmp_path: Path) -> None:
    """The archive of basic modules is the same, however an analysis ordered and wrote its modules."""
    first, other = tmp_path / "first.zip", tmp_path / "other.zip"
    codes = {f"{name}.pyc": compile(f"x = {name!r}, 'a b', 'a b'\n", name, "exec") for name in ("b", "a", "c")}
    for path, names in ((first, ["b.pyc", "a.pyc", "c.pyc"]), (other, ["c.pyc", "b.pyc", "a.pyc"])):
        with zipfile.ZipFile(path, "w") as library:
            for name in names:
                code = codes[name] if path == first else marshal.loads(marshal.dumps(codes[name]))  # noqa: S302 - our own
                library.writestr(zipfile.ZipInfo(name), bytes(16) + marshal.dumps(code))
    assert first.read_bytes() != other.read_bytes()
    for path in (first, other):
        quick_code.rewrite_library(str(path))
    assert first.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(first) as library:
        assert library.namelist() == ["a.pyc", "b.pyc", "c.pyc"]
        read = [marshal.loads(library.read(name)[16:]) for name in library.namelist()]  # noqa: S302 - our own
    assert read == [codes[name] for name in sorted(codes)]


def test_another_pyinstaller(tmp_path: Path) -> None:
    """A PyInstaller without the function is left as it is."""
    (tmp_path / "PyInstaller" / "building").mkdir(parents=True)
    (tmp_path / "PyInstaller" / "building" / "api.py").write_text("")
    command = ["python3", "-c", f"import runpy; print(runpy.run_path({quick_code.__file__!r})['install']())"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50, cwd=tmp_path)
    assert done.stdout == "False\n"
