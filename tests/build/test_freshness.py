"""Deciding whether a bundle file is up to date."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.build.freshness import BuildPlan, BuiltBundle
from dagfloe.build.package_sizes import PackageSize
from dagfloe.build.project import read_project
from dagfloe.build.python.local_sources import digest_source
from dagfloe.build.sbom.inventory import FrozenDistribution, HostLibrary, Inventory
from dagfloe.format.bundle_file import read_bundle
from support.launcher import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INVENTORY = Inventory(
    "3.11.7",
    (FrozenDistribution("Some.Name", "1", ("MIT", "ISC"), "a" * 64, "folder", ("other",)),),
    (HostLibrary("libz.so.1", "/lib/libz.so.1", "b" * 64),),
    ("some-name",),
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and a cache of its own."""
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "tasks.py").write_text("x = 1\n")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n'
    )
    (tmp_path / "library.so").write_text("library")
    return folder


def plan(root: Path, *, one_file: bool = False, output: Path | None = None) -> BuildPlan:
    """A plan to build the project now."""
    return BuildPlan(read_project(root), output or root.parent / "dist", one_file=one_file)


def build(root: Path, output: Path | None = None) -> BuiltBundle:
    """Do what a build does: write the bundle file and record it."""
    built_plan = plan(root, output=output)
    built_plan.target.parent.mkdir(parents=True, exist_ok=True)
    built_plan.target.write_text("a bundle file")
    built = BuiltBundle(
        built_plan.target, 13, 26, {"source": "tasks.py"}, (PackageSize("p", 2, 1),), (), INVENTORY, 0.5, 0.25, 9.0
    )
    source = root.parent / "source"
    source.mkdir(exist_ok=True)
    built_plan.record([root.parent / "library.so"], {str(source): digest_source(source)}, built)
    return built


def test_up_to_date(root: Path) -> None:
    """Without a change, the result of the last build is found, whatever the modification time of its file."""
    assert plan(root).find_built() is None
    built = build(root)
    assert plan(root).find_built() == replace(built, is_new=False)
    content = built.path.read_text()
    built.path.unlink()
    built.path.write_text(content)
    assert plan(root).find_built() == replace(built, is_new=False)


@pytest.mark.parametrize("folder", ["dist/linux-x86_64", "dist", "."])
@pytest.mark.parametrize("options", ["", 'package-data = ["tasks"]\n'])
def test_output_in_the_project(root: Path, folder: str, options: str) -> None:
    """The folder and the file that the first build creates in the project do not make a second build necessary."""
    with (root / "pyproject.toml").open("a") as file:
        file.write(options)
    built = build(root, root / folder)
    assert plan(root, output=root / folder).find_built() == replace(built, is_new=False)


@pytest.mark.parametrize("path", ["project/tasks.py", "project/new.py", "library.so", "dist/p"])
def test_changed_files(root: Path, path: str) -> None:
    """A change of a project's file, a frozen file or the bundle file makes a build necessary."""
    build(root)
    (root.parent / path).write_text("changed")
    assert plan(root).find_built() is None


@pytest.mark.parametrize("path", ["project/helpers.py", "library.so", "dist/p"])
def test_removed_files(root: Path, path: str) -> None:
    """The removal of a file makes a build necessary, too."""
    (root / "helpers.py").write_text("")
    build(root)
    (root.parent / path).unlink()
    assert plan(root).find_built() is None


def test_other_form(root: Path) -> None:
    """A file of one form is not up to date for the other."""
    build(root)
    assert plan(root, one_file=True).find_built() is None


def test_earlier_file(root: Path) -> None:
    """A new build reads the executable region of the last file, if that is as the same dagfloe wrote it."""
    build(root)
    assert plan(root).read_earlier() == b""  # not a bundle file
    target = write_bundle(plan(root).target)
    (record,) = (root.parent / "cache" / "builds").iterdir()
    good = json.loads(record.read_text())
    good["target"]["sha256"] = hashlib.sha256(target.read_bytes()).hexdigest()
    record.write_text(json.dumps(good))
    content = target.read_bytes()
    assert plan(root).read_earlier() == content[: read_bundle(target).binary_len]
    record.write_text(json.dumps({**good, "tool": "another"}))
    assert plan(root).read_earlier() == b""
    record.write_text(json.dumps(good))
    target.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    assert plan(root).read_earlier() == b""
    target.unlink()
    assert plan(root).read_earlier() == b""


def test_damaged_records(root: Path) -> None:
    """A damaged record makes a build necessary; if the cache cannot be written, nothing is recorded."""
    build(root)
    (record,) = (root.parent / "cache" / "builds").iterdir()
    good = json.loads(record.read_text())
    deep: Any = "[" * 100_000
    for damage in ('{"inputs": 3', deep, "[]", "null", "\0", *(json.dumps({**good, name: "x"}) for name in good)):
        record.write_text(damage)
        assert plan(root).find_built() is None or json.loads(damage)["tool"] == "x"
        assert plan(root).read_earlier() == b""
    record.unlink()
    os.mkfifo(record)
    assert plan(root).find_built() is None
    record.unlink()
    record.parent.rmdir()
    record.parent.write_text("not a folder")
    build(root)
    assert plan(root).find_built() is None


def test_old_records_are_removed(root: Path) -> None:
    """The cache keeps the records of the last 100 builds."""
    build(root)
    folder = root.parent / "cache" / "builds"
    (first,) = folder.iterdir()
    for age_s in range(150):
        record = folder / f"{age_s}.json"
        record.write_text("{}")
        os.utime(record, (1e9 - age_s, 1e9 - age_s))
    second = build(root, root / "other")
    names = {path.name for path in folder.iterdir()}
    assert len(names) == 100
    assert {first.name, "0.json", "97.json"} < names
    assert plan(root, output=root / "other").find_built() == replace(second, is_new=False)


def change_source(root: Path) -> None:
    """Edit the local folder that a distribution comes from."""
    (root.parent / "source" / "module.py").write_text("VALUE = 2")


def add_lock(root: Path) -> None:
    """Write a lock file."""
    (root / "pylock.toml").write_text('lock-version = "1.0"')


def choose_python(root: Path) -> None:
    """Choose a Python as pyenv and uv do."""
    (root / ".python-version").write_text("3.12\n")


@pytest.mark.parametrize("change", [change_source, add_lock, choose_python])
def test_a_change_of_what_is_installed(root: Path, change: Callable[[Path], None]) -> None:
    """An edit of a local dependency, of a lock file or of the choice of Python makes a build necessary."""
    build(root)
    assert plan(root).find_built() is not None
    change(root)
    assert plan(root).find_built() is None


@pytest.mark.parametrize("option", ["upgrade", "lock"])
def test_a_build_that_must_resolve(root: Path, option: str) -> None:
    """With --upgrade and with --lock no earlier build counts."""
    build(root)
    options = {option: True}
    assert BuildPlan(read_project(root), root.parent / "dist", one_file=False, **options).find_built() is None


def test_change_during_a_build(root: Path) -> None:
    """A file that changes during a build makes the next build necessary."""
    built_plan = plan(root)
    (root / "tasks.py").write_text("x = 2\n")
    built_plan.target.parent.mkdir()
    built_plan.target.write_text("a bundle file")
    built_plan.record([], {}, BuiltBundle(built_plan.target, 13, 26, {}, (), (), INVENTORY, 0.5, 0.25, 9.0))
    assert plan(root).find_built() is None
