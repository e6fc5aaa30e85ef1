"""Compiling the launcher: hardened where the compiler can, and never a reason for an installation to fail."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dagfloe.build.launcher.compile import compile_launcher

SOURCES = Path(__file__).parents[3] / "build" / "launcher"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the launcher's sources."""
    monkeypatch.delenv("DAGFLOE_LAUNCHER_STRICT", raising=False)
    copy = tmp_path / "sources"
    copy.mkdir()
    for path in SOURCES.glob("*.[ch]"):
        shutil.copy(path, copy)
    return copy


def old_compiler(folder: Path) -> str:
    """A compiler that does not know a hardening flag."""
    script = folder / "old-cc"
    script.write_text('#!/bin/sh\ncase "$*" in *-fstack-clash-protection*) exit 1; esac\nexec cc "$@"\n')
    script.chmod(0o755)
    return str(script)


def program_headers(launcher: Path) -> str:
    """What the kernel reads about a program's segments."""
    command = ["readelf", "--program-headers", "--wide", str(launcher)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def test_launcher_is_hardened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It compiles without a warning to a static program at a random address, with no writable code or tables."""
    monkeypatch.setenv("DAGFLOE_LAUNCHER_STRICT", "1")
    launcher = compile_launcher(folder)
    assert launcher == folder / "launcher"
    headers = program_headers(launcher)
    assert "Elf file type is DYN" in headers
    assert "INTERP" not in headers
    assert "GNU_RELRO" in headers
    assert "RWE" not in headers


def test_compiling_twice_gives_equal_files(folder: Path) -> None:
    """The launcher depends on its sources and the compiler only."""
    launcher = compile_launcher(folder)
    assert launcher is not None
    first = launcher.read_bytes()
    compile_launcher(folder)
    assert launcher.read_bytes() == first
    assert str(folder).encode() not in first


def test_old_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that does not know a hardening flag compiles a static launcher without them."""
    monkeypatch.setenv("CC", old_compiler(folder))
    launcher = compile_launcher(folder)
    assert launcher is not None
    assert "Elf file type is EXEC" in program_headers(launcher)


def test_no_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a compiler there is no launcher, not even an earlier one, and stderr shows why."""
    monkeypatch.setenv("CC", "/nowhere/cc")
    (folder / "launcher").write_bytes(b"of another version")
    assert compile_launcher(folder) is None
    assert not (folder / "launcher").exists()
    assert "the launcher was not compiled, so bundles take the one-file form" in capsys.readouterr().err


def test_strict_build(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning fails a build of ours, and no installation."""
    with (folder / "message.c").open("a", encoding="utf-8") as file:
        file.write("\nvoid unused_parameter(int unused) {}\n")
    assert compile_launcher(folder) is not None
    monkeypatch.setenv("DAGFLOE_LAUNCHER_STRICT", "1")
    with pytest.raises(RuntimeError, match="unused parameter"):
        compile_launcher(folder)


def test_another_system(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The launcher uses the interfaces of Linux, so it is not compiled elsewhere."""
    monkeypatch.setattr("sys.platform", "darwin")
    assert compile_launcher(folder) is None
    assert not (folder / "launcher").exists()
