"""The oldest host that a bundle file is for: what a project may write, and what the build refuses."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.host.floor import Floor
from dagfloe.build.host.target_check import check_floor, check_python, find_needs
from dagfloe.build.project import read_project
from dagfloe.build.pyproject import HostTarget
from dagfloe.build.python.interpreter import Interpreter
from dagfloe.format.errors import PackError
from support.elf_files import GLIBC, MUSL, elf
from support.peer import TOOL

if TYPE_CHECKING:
    from pathlib import Path

TASKS = """
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("etl")
@dag.task
def extract() -> int:
    return 1
"""
DEADLINE_S = 300
#: A function that is in glibc since 2.36.
NEW_SOURCE = """#include <stdlib.h>
int random_number(void) { return (int)arc4random(); }
void *PyInit__native(void) { return NULL; }
"""
MACHINE = platform.machine()


def write_project(folder: Path, target: str, *lines: str, dependencies: str = "") -> Path:
    """A small project for a target."""
    folder.mkdir(exist_ok=True)
    (folder / "etl.py").write_text(TASKS)
    settings = ['[project]\nname = "etl"\nversion = "1"', f"dependencies = [{dependencies}]"]
    settings += ["[tool.dagfloe]", 'bundle = "etl:bundle"', f"target = {target}", *lines]
    (folder / "pyproject.toml").write_text("\n".join(settings))
    return folder


def compile_library(path: Path) -> Path:
    """A library that needs glibc 2.36."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".c")
    source.write_text(NEW_SOURCE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(path), str(source)], check=True, timeout=60)
    source.unlink()
    return path


def build(project: Path) -> subprocess.CompletedProcess[str]:
    """Build a project."""
    command = [str(TOOL), "build", str(project), "--output", str(project / "out"), "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def fake_python(folder: Path, executable: bytes, *libraries: bytes) -> Interpreter:
    """A Python whose executable and libraries have these contents."""
    folder.mkdir()
    paths = [folder / "python3", *(folder / f"lib{number}.so.1" for number in range(len(libraries)))]
    for path, content in zip(paths, (executable, *libraries), strict=True):
        path.write_bytes(content)
    facts = json.dumps({"executable": str(paths[0]), "files": [str(path) for path in paths]})
    script = folder / "python"
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{facts}\nEND\n")
    script.chmod(0o755)
    return Interpreter(script, "3.11.7", str(folder), ())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("linux-x86_64-glibc2.28", ("x86_64", "glibc", "2.28")),
        ("linux-aarch64-glibc2.17", ("aarch64", "glibc", "2.17")),
        ("linux-x86_64-musl", ("x86_64", "musl", "")),
        ("airflow-image", (MACHINE, "glibc", "2.36")),
    ],
)
def test_targets(tmp_path: Path, value: str, expected: tuple[str, str, str]) -> None:
    """A target has a processor and a C library; Airflow's own image has a name."""
    project = read_project(write_project(tmp_path, f'"{value}"'))
    assert project.host_target == HostTarget(value, *expected)


@pytest.mark.parametrize(
    "value",
    [
        '"linux"',
        '"linux-x86_64"',
        '"linux-x86_64-glibc"',
        '"linux-x86_64-glibc2"',
        '"linux-x86_64-glibc2.28.1"',
        '"linux-x86_64-musl1.2"',
        '"macos-arm64"',
        '"linux-x86_64-glibc2.28\\n"',
        "2.28",
        '""',
    ],
)
def test_what_is_not_a_target(tmp_path: Path, value: str) -> None:
    """The error shows how to write one."""
    with pytest.raises(PackError, match=r"target is .*: write linux-PROCESSOR-glibcVERSION.*airflow-image"):
        read_project(write_project(tmp_path, value))


@pytest.mark.parametrize(
    ("target", "executable", "library", "problem"),
    [
        ("linux-x86_64-glibc2.28", elf(loader=GLIBC), elf("GLIBC_2.29"), r"lib0\.so\.1 needs GLIBC_2\.29"),
        ("linux-x86_64-glibc2.9", elf(loader=GLIBC), elf("GLIBC_2.17"), r"lib0\.so\.1 needs GLIBC_2\.17"),
        ("linux-x86_64-glibc2.28", elf(loader=MUSL), elf(), "is a Python for musl, which is another C library"),
        ("linux-x86_64-musl", elf(loader=GLIBC), elf(), "is a Python for glibc, which is another C library"),
        ("linux-aarch64-glibc2.28", elf(loader=GLIBC), elf(), "is a Python for x86_64, and it freezes programs for"),
    ],
)  # fmt: skip
def test_refused_pythons(tmp_path: Path, target: str, executable: bytes, library: bytes, problem: str) -> None:
    """A Python is refused by the library that needs a newer glibc, by its C library or by its processor."""
    interpreter = fake_python(tmp_path / "python", executable, library)
    project = read_project(write_project(tmp_path / "project", f'"{target}"'))
    with pytest.raises(PackError, match=problem) as caught:
        check_python(project, interpreter)
    assert f"target is {target}" in str(caught.value)
    assert f"build in an image for {target.split('-')[1]} with " in str(caught.value)


@pytest.mark.parametrize(
    ("target", "executable", "library"),
    [
        ("linux-x86_64-glibc2.28", elf("GLIBC_2.99", loader=GLIBC), elf("GLIBC_2.28")),  # the executable is not frozen
        ("linux-x86_64-glibc2.28", elf(loader=GLIBC), elf("GLIBC_2.99", machine=183)),
        ("linux-x86_64-musl", elf(loader=MUSL), elf()),
        ("linux-x86_64-musl", elf(), elf()),
    ],
)
def test_accepted_pythons(tmp_path: Path, target: str, executable: bytes, library: bytes) -> None:
    """A Python is accepted if all that it freezes fits, on musl as well."""
    project = read_project(write_project(tmp_path / "project", f'"{target}"'))
    check_python(project, fake_python(tmp_path / "python", executable, library))


def test_another_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a Linux can make files for Linux."""
    project = read_project(write_project(tmp_path / "project", '"airflow-image"'))
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(PackError, match="this host runs darwin: build in a Linux container"):
        check_python(project, fake_python(tmp_path / "python", elf()))


def test_needs_are_ordered(tmp_path: Path) -> None:
    """The newest need comes first; damaged and missing files need nothing."""
    contents = {"a.so": elf("GLIBC_2.30"), "b.so": elf("GLIBC_2.4", "GLIBC_ABI_DT_RELR"), "c.so": b"\x7fELF\2\1"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    target = HostTarget("linux-x86_64-glibc2.17", "x86_64", "glibc", "2.17")
    needs = find_needs(target, [tmp_path / name for name in (*contents, "d.so")])
    assert needs == {tmp_path / "b.so": "GLIBC_ABI_DT_RELR", tmp_path / "a.so": "GLIBC_2.30"}
    assert next(iter(needs)) == tmp_path / "b.so"


def test_floor_of_the_whole_program(tmp_path: Path) -> None:
    """PyInstaller's own program counts, too."""
    project = read_project(write_project(tmp_path, '"linux-x86_64-glibc2.5"'))
    with pytest.raises(PackError, match=r"\n  etl needs GLIBC_2\.17\n"):
        check_floor(project, Floor("linux", "x86_64", "glibc", "2.17", GLIBC, "etl", "GLIBC_2.17"))
    with pytest.raises(PackError, match="it is for linux aarch64, glibc"):
        check_floor(project, Floor("linux", "aarch64", "glibc", "2.5", GLIBC))
    check_floor(project, Floor("linux", "x86_64", "glibc", "2.5", GLIBC, "etl", "GLIBC_2.5"))


# With real Pythons and libraries


@pytest.mark.timeout(DEADLINE_S)
def test_python_that_is_too_new(tmp_path: Path) -> None:
    """The build refuses the Python before it makes an environment, and names its library."""
    outcome = build(write_project(tmp_path, f'"linux-{MACHINE}-glibc2.4"'))
    assert outcome.returncode == 1
    assert re.search(r"the Python \S+ has (a library|libraries) for a newer glibc: \S+ needs GLIBC_2\.", outcome.stderr)
    assert "`uv python install 3." in outcome.stderr
    assert f"build in an image for {MACHINE} with glibc 2.4 or older" in outcome.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(DEADLINE_S)
def test_distribution_that_is_too_new(tmp_path: Path) -> None:
    """The build refuses a distribution whose library needs a newer glibc, before it freezes anything."""
    library = compile_library(tmp_path / "randomness" / "_native.so")
    wheel = tmp_path / f"randomness-1.2-py3-none-linux_{MACHINE}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(library, "randomness/_native.so")
        archive.writestr("randomness/__init__.py", "")
        metadata = {
            "METADATA": "Metadata-Version: 2.1\nName: randomness\nVersion: 1.2\n",
            "WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-linux_{MACHINE}\n",
            "RECORD": "".join(f"{name},,\n" for name in archive.namelist()),
        }
        for name, content in metadata.items():
            archive.writestr(f"randomness-1.2.dist-info/{name}", content)
    dependency = f'"randomness @ {wheel.as_uri()}"'
    project = write_project(tmp_path / "project", f'"linux-{MACHINE}-glibc2.35"', dependencies=dependency)
    outcome = build(project)
    assert outcome.returncode == 1
    assert "randomness 1.2 has a library for a newer glibc: _native.so needs GLIBC_2.36" in outcome.stderr
    assert "it was compiled on this host: require a release of randomness that has a wheel" in outcome.stderr
    for target, setting in (
        ('"airflow-image"', ""),
        (f'"linux-{MACHINE}-glibc2.35"', 'slim = ["random*"]'),  # nothing imports the library
        (f'"linux-{MACHINE}-glibc2.35"', 'exclude = ["randomness._native"]'),
    ):
        write_project(project, target, setting, dependencies=dependency)
        accepted = build(project)
        assert accepted.returncode == 0, accepted.stderr


@pytest.mark.timeout(DEADLINE_S)
def test_own_library_that_is_too_new(tmp_path: Path) -> None:
    """The build refuses a library of the project after the analysis, and accepts it for a newer target."""
    project = write_project(tmp_path, f'"linux-{MACHINE}-glibc2.35"', 'data = ["native.so:native"]')
    compile_library(tmp_path / "native.so")
    outcome = build(project)
    assert outcome.returncode == 1
    assert "the project has a library for a newer glibc: native.so needs GLIBC_2.36" in outcome.stderr
    assert "compile it where glibc is 2.35 or older" in outcome.stderr
    write_project(tmp_path, '"airflow-image"', 'data = ["native.so:native"]')
    accepted = build(project)
    assert accepted.returncode == 0, accepted.stderr
    shown = subprocess.run(
        [TOOL, "inspect", project / "out" / "etl"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "glibc 2.36 or newer: _internal/native/native.so needs GLIBC_2.36" in shown.stdout
