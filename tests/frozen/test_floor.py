"""The host requirements in bundle files, compared with what binutils find in their unpacked files."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.program_store import warm
from dagfloe.format.bundle_file import read_bundle
from support.peer import TOOL

if TYPE_CHECKING:
    from pathlib import Path


def output(*command: str | Path) -> str:
    """Run a command; return its stdout."""
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, check=True).stdout


def newest_need(path: Path) -> tuple[int, ...]:
    """The newest glibc version that a file needs, according to readelf."""
    needs = re.findall(r"Name: GLIBC_([0-9.]+) ", output("readelf", "-VW", path))
    return max((tuple(map(int, need.split("."))) for need in needs), default=())


@pytest.mark.parametrize("name", ["hello", "weather"])
def test_the_floor_is_that_of_all_files(dist: Path, tmp_path: Path, name: str) -> None:
    """The manifest and `inspect` show the newest glibc version that an unpacked file needs, and that file."""
    folder = warm(dist / name, tmp_path)
    files = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes().startswith(b"\x7fELF")]
    versions = {str(path.relative_to(folder)): newest_need(path) for path in files}
    floor = json.loads(output(TOOL, "inspect", "--json", dist / name))["manifest"]["floor"]
    assert tuple(map(int, floor["libc_version"].split("."))) == max(versions.values())
    assert versions[floor["set_by"]] == max(versions.values())
    assert (floor["os"], floor["architecture"], floor["libc"]) == ("linux", platform.machine(), "glibc")
    assert f"interpreter: {floor['loader']}]" in output("readelf", "-lW", folder / name)
    summary = " ".join(output(TOOL, "inspect", dist / name).split())
    assert f"glibc {floor['libc_version']} or newer: {floor['set_by']} needs {floor['symbol_version']}" in summary


def test_both_forms_need_the_same(guest: Path, dist: Path) -> None:
    """Both forms need the same: the libraries inside a one-file program count, too."""
    floors = [read_bundle(path).manifest["floor"] for path in (guest, dist / "hello")]
    assert floors[0]["libc_version"] == floors[1]["libc_version"]
