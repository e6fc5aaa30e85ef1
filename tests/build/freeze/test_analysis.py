"""Which changes of the author's code make PyInstaller look again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.freeze.analysis import Analyses, imports_digest

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = b"""
import os
from . import sibling
def f():
    from json import dumps
    return dumps(1)
"""


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_have_a_digest(source: bytes) -> None:
    """What is no Python has a digest, too: then every change counts."""
    assert imports_digest(source) == imports_digest(source)
    assert imports_digest(b"(" + source + b"\0") != imports_digest(b"(" + source + b"\0\0")


@given(st.from_regex(r"v_[a-z_]{1,8} = [1-9][0-9]{0,7}\n", fullmatch=True), st.text("#ab \n"))
def test_code_does_not_count(code: str, comment: str) -> None:
    """What a module does has no part in what it needs."""
    changed = SOURCE + b"\n" + code.encode() + "".join(f"# {line}\n" for line in comment.splitlines()).encode()
    assert imports_digest(changed) == imports_digest(SOURCE)


@pytest.mark.parametrize(
    "added",
    [
        b"import re",
        b"    import re",
        b"if f():\n    from .deep import x",
        b"from json import loads",
        b"__import__('re')",
        b"x = importlib",
        b"ctypes.CDLL('libm.so')",
        b"metadata.version('x')",
        b"matplotlib.use('svg')",
    ],
)
def test_imports_count(added: bytes) -> None:
    """Every import counts, wherever it is, and all that may be one."""
    assert imports_digest(SOURCE + added) != imports_digest(SOURCE)


class Build:
    """Puts together what a build has, and what PyInstaller has found."""

    def __init__(self, folder: Path, number: int, root: Path, inputs: tuple[str, ...] = ("settings",)) -> None:
        self.work = folder / f"work{number}"
        (self.work / "stage").mkdir(parents=True)
        (self.work / "stage" / "o.py").write_bytes(b"")
        places = {"stage": self.work / "stage", "work": self.work}
        self.analyses = Analyses(folder / "kept", (*inputs, f"{self.work}/stage/entry.py"), places, root)

    def find(self, root: Path, *more: str) -> None:
        """Write what PyInstaller finds."""
        pure = [["tasks", str(root / "tasks.py"), "PYMODULE"], ["other", str(self.work / "stage" / "o.py"), "PYMODULE"]]
        datas = [
            ["base_library.zip", str(self.work / "base_library.zip"), "DATA"],
            *([path, path, "DATA"] for path in more),
        ]
        (self.work / "analysis.json").write_text(
            json.dumps({"scripts": [], "pure": pure, "binaries": [], "datas": datas})
        )
        (self.work / "base_library.zip").write_bytes(b"library")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The author's modules."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "tasks.py").write_bytes(SOURCE)
    return folder


def test_what_is_kept_is_right_in_another_folder(tmp_path: Path, root: Path) -> None:
    """The next build gets what the first one found, at its own places."""
    first = Build(tmp_path, 1, root)
    assert not first.analyses.fetch(first.work)
    first.find(root)
    first.analyses.keep(first.work)
    (root / "tasks.py").write_bytes(SOURCE + b"x = 1\n")
    second = Build(tmp_path, 2, root)
    assert second.analyses.fetch(second.work)
    found = (second.work / "analysis.json").read_text()
    second.find(root)
    assert json.loads(found) == json.loads((second.work / "analysis.json").read_text())
    assert (second.work / "base_library.zip").read_bytes() == b"library"


def test_what_may_have_changed_is_not_used(tmp_path: Path, root: Path) -> None:
    """Another setting, another import, a module that is gone or a damaged file: PyInstaller looks again."""
    first = Build(tmp_path, 1, root)
    first.find(root)
    first.analyses.keep(first.work)
    assert not (other := Build(tmp_path, 2, root, ("other settings",))).analyses.fetch(other.work)
    second = Build(tmp_path, 3, root)
    (root / "tasks.py").write_bytes(SOURCE + b"import re\n")
    assert not second.analyses.fetch(second.work)
    (root / "tasks.py").unlink()
    assert not second.analyses.fetch(second.work)
    (root / "tasks.py").write_bytes(SOURCE)
    assert second.analyses.fetch(second.work)
    for kept in (tmp_path / "kept").glob("*/*"):
        kept.write_bytes(b"[1, 2")
    assert not second.analyses.fetch(second.work)


def test_what_was_made_for_one_build_is_not_kept(tmp_path: Path, root: Path) -> None:
    """A file that PyInstaller made in the build's own folder is not there for the next one."""
    first = Build(tmp_path, 1, root)
    first.find(root, str(first.work / "tmp" / "made"))
    first.analyses.keep(first.work)
    assert not first.analyses.fetch(first.work)


def test_what_is_gone_is_looked_for_again(tmp_path: Path, root: Path) -> None:
    """A library that this host no longer has, where it was, is no part of the next build; a changed one counts."""
    library = root / "tasks.so"
    library.write_bytes(b"\x7fELF")
    first = Build(tmp_path, 1, root)
    first.find(root)
    lists = json.loads((first.work / "analysis.json").read_text())
    lists["binaries"] = [["tasks.so", str(library), "EXTENSION"], ["libx.so", "tasks.so", "SYMLINK"]]
    (first.work / "analysis.json").write_text(json.dumps(lists))
    first.analyses.keep(first.work)
    second = Build(tmp_path, 2, root)
    assert second.analyses.fetch(second.work)
    library.write_bytes(b"\x7fELF anew")
    assert not second.analyses.fetch(second.work)
    library.write_bytes(b"\x7fELF")
    (second.work / "stage" / "o.py").unlink()
    assert not second.analyses.fetch(second.work)


def test_few_are_kept(tmp_path: Path, root: Path) -> None:
    """The oldest ones go; a cache that cannot be written keeps none, and that is no error."""
    builds = [Build(tmp_path, number, root, (str(number),)) for number in range(5)]
    for build in builds:
        build.find(root)
        build.analyses.keep(build.work)
    assert len(list((tmp_path / "kept").iterdir())) == 3
    work = builds[0].work
    (tmp_path / "file").write_text("")
    blocked = Analyses(tmp_path / "file" / "kept", (), {"work": work}, root)
    blocked.keep(work)
    assert not blocked.fetch(work)
