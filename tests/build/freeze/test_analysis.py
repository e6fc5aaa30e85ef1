"""The cache of PyInstaller's analyses, and the changes of the author's code that make PyInstaller analyse again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.freeze.analysis import AnalysisCache, imports_digest, list_frozen, read_libraries

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
    """A file that is not Python has a digest, too, and every change of it changes the digest."""
    assert imports_digest(source) == imports_digest(source)
    assert imports_digest(b"(" + source + b"\0") != imports_digest(b"(" + source + b"\0\0")


@given(st.from_regex(r"v_[a-z_]{1,8} = [1-9][0-9]{0,7}\n", fullmatch=True), st.text("#ab \n"))
def test_code_does_not_change_the_digest(code: str, comment: str) -> None:
    """A change of a module's code and comments keeps the digest."""
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
def test_imports_change_the_digest(added: bytes) -> None:
    """Every import changes the digest, wherever it is, and so does everything that may import."""
    assert imports_digest(SOURCE + added) != imports_digest(SOURCE)


class Build:
    """A work folder of a build, and the cache that it uses."""

    def __init__(self, folder: Path, number: int, root: Path, inputs: tuple[str, ...] = ("settings",)) -> None:
        self.work = folder / f"work{number}"
        (self.work / "stage").mkdir(parents=True)
        (self.work / "stage" / "o.py").write_bytes(b"")
        places = {"stage": self.work / "stage", "work": self.work}
        self.cache = AnalysisCache(folder / "cache", (*inputs, f"{self.work}/stage/entry.py"), places, root)

    def analyse(self, root: Path, *more: str) -> None:
        """Write what PyInstaller's analysis writes."""
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


def test_next_build(tmp_path: Path, root: Path) -> None:
    """The next build gets the analysis of the first one, with its own folders in it."""
    first = Build(tmp_path, 1, root)
    assert not first.cache.restore(first.work)
    first.analyse(root)
    first.cache.store(first.work)
    (root / "tasks.py").write_bytes(SOURCE + b"x = 1\n")
    second = Build(tmp_path, 2, root)
    assert second.cache.restore(second.work)
    restored = (second.work / "analysis.json").read_text()
    second.analyse(root)
    assert json.loads(restored) == json.loads((second.work / "analysis.json").read_text())
    assert (second.work / "base_library.zip").read_bytes() == b"library"


def test_changes(tmp_path: Path, root: Path) -> None:
    """After another setting, another import, a removed module or damage in the cache, PyInstaller analyses again."""
    first = Build(tmp_path, 1, root)
    first.analyse(root)
    first.cache.store(first.work)
    assert not (other := Build(tmp_path, 2, root, ("other settings",))).cache.restore(other.work)
    second = Build(tmp_path, 3, root)
    (root / "tasks.py").write_bytes(SOURCE + b"import re\n")
    assert not second.cache.restore(second.work)
    (root / "tasks.py").unlink()
    assert not second.cache.restore(second.work)
    (root / "tasks.py").write_bytes(SOURCE)
    assert second.cache.restore(second.work)
    for path in (tmp_path / "cache").glob("*/*"):
        path.write_bytes(b"[1, 2")
    assert not second.cache.restore(second.work)


def test_files_of_one_build(tmp_path: Path, root: Path) -> None:
    """An analysis with a file in the build's own folder is not stored, because the next build does not have it."""
    first = Build(tmp_path, 1, root)
    first.analyse(root, str(first.work / "tmp" / "made"))
    first.cache.store(first.work)
    assert not first.cache.restore(first.work)


def test_libraries(tmp_path: Path, root: Path) -> None:
    """After a change of a compiled module, or the removal of a file, PyInstaller analyses again."""
    library = root / "tasks.so"
    library.write_bytes(b"\x7fELF")
    first = Build(tmp_path, 1, root)
    first.analyse(root)
    lists = json.loads((first.work / "analysis.json").read_text())
    lists["binaries"] = [["tasks.so", str(library), "EXTENSION"], ["libx.so", "tasks.so", "SYMLINK"]]
    (first.work / "analysis.json").write_text(json.dumps(lists))
    first.cache.store(first.work)
    second = Build(tmp_path, 2, root)
    assert second.cache.restore(second.work)
    library.write_bytes(b"\x7fELF again")
    assert not second.cache.restore(second.work)
    library.write_bytes(b"\x7fELF")
    (second.work / "stage" / "o.py").unlink()
    assert not second.cache.restore(second.work)


def test_oldest_are_removed(tmp_path: Path, root: Path) -> None:
    """The cache holds the newest three; if it cannot be written, that is not an error."""
    builds = [Build(tmp_path, number, root, (str(number),)) for number in range(5)]
    for build in builds:
        build.analyse(root)
        build.cache.store(build.work)
    assert len(list((tmp_path / "cache").iterdir())) == 3
    work = builds[0].work
    (tmp_path / "file").write_text("")
    blocked = AnalysisCache(tmp_path / "file" / "cache", (), {"work": work}, root)
    blocked.store(work)
    assert not blocked.restore(work)


def test_files_of_an_analysis(tmp_path: Path, root: Path) -> None:
    """An analysis names the files that are frozen, and gives the content of the libraries among them."""
    build = Build(tmp_path, 1, root)
    build.analyse(root)
    (root / "tasks.so").write_bytes(b"\x7fELF")
    lists = json.loads((build.work / "analysis.json").read_text())
    lists["binaries"] = [["tasks.so", str(root / "tasks.so"), "EXTENSION"], ["libx.so", "tasks.so", "SYMLINK"]]
    (build.work / "analysis.json").write_text(json.dumps(lists))
    assert {root / "tasks.py", root / "tasks.so"} < set(list_frozen(build.work))
    assert list(read_libraries(build.work)) == [("tasks.so", b"\x7fELF")]
