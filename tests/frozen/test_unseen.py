"""What a file silently lacked: modules whose absence code catches, lists of files, and what belongs to a package."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING

import pytest

from support.peer import value_of
from support.wheels import write_wheel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., subprocess.CompletedProcess[str]]

PYPROJECT = """
[project]
name = "unseen"
version = "1.0"
dependencies = ["finder", "picture"]
[tool.dagfloe]
bundle = "tasks:bundle"
slim = true
collect = ["pic"]
"""
TASKS = """
import importlib
from importlib.metadata import files, packages_distributions
import finder
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("unseen")
try:
    OWN = importlib.import_module("tab" + "nanny").__name__
except ImportError:
    OWN = "nothing"

@dag.task
def optional_modules():
    return [OWN, finder.FOUND]

@dag.task
def owner():
    return importlib.import_module("".join(["_pic_", "helper"])).VALUE

@dag.task
def recorded():
    data = next(path for path in files("picture") if path.name == "table.csv")
    names = sorted(map(str, files("picture")))
    return [data.read_text(), data.hash.mode, data.size, names, packages_distributions()["pic"]]
"""
FINDER = """
import importlib
FOUND = []
for name in ("one", "two", "three"):
    try:
        importlib.import_module("".join(["finder", "_", name]))
        FOUND.append(name)
    except ImportError:
        pass
"""


def write_wheels(folder: Path) -> None:
    """Write the distributions."""
    write = partial(write_wheel, folder, version="999")
    write("finder", {"finder/__init__.py": FINDER}, requires=["finders"])
    two = "from finder_two import inner\n"
    write("finders", {"finder_one.py": "", "finder_two/__init__.py": two, "finder_two/inner.py": ""})
    picture = {"pic/__init__.py": "", "pic/tables/table.csv": "a,b", "_pic_helper.py": "VALUE = 'found'\n"}
    top_level = {"picture-999.dist-info/top_level.txt": "pic\n_pic_helper\n"}  # Python 3.10 reads this, not the RECORD
    write("picture", {**picture, **top_level, "pic/unused.py": ""})


def test_unseen(tmp_path: Path, build: Build) -> None:
    """The file has what the project has, with no setting."""
    write_wheels(tmp_path / "wheels")
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "tasks.py").write_text(TASKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))  # it has no environment with other wheels
        links = (str(tmp_path / "wheels"), os.environ.get("PIP_FIND_LINKS"))
        patch.setenv("PIP_FIND_LINKS", " ".join(filter(None, links)))
        built = [build(root, tmp_path / name, "--force", "--json") for name in ("first", "again")]
        patch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "other cache"))
        built.append(build(root, tmp_path / "other", "--json"))
    for answer in built:
        assert answer.returncode == 0, answer.stderr
    digests = {json.loads(answer.stdout)["sha256"] for answer in built}
    assert len(digests) == 1  # whatever is in the cache, and whenever uv installed the wheels
    file = tmp_path / "first" / "unseen"
    assert value_of(file, "unseen", "optional_modules") == ["tabnanny", ["one", "two"]]
    assert value_of(file, "unseen", "owner") == "found"
    text, mode, size, names, owners = value_of(file, "unseen", "recorded")
    assert (text, mode, size, owners) == ("a,b", "sha256", 3, ["picture"])
    assert {"pic/tables/table.csv", "picture-999.dist-info/METADATA"} <= set(names)
