"""The checks of one bundle file."""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

import pytest
import yaml

from dagfloe.cli.doctor.bundle_checks import check_bundle_file
from dagfloe.cli.doctor.check import Check
from dagfloe.format.manifest import render_manifest, with_digests
from dagfloe.format.trailer import Trailer
from support.raw_bundle import write_bundle

MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {sales: {tasks: [t]}}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""
PRINT_METADATA = "import json\nprint(json.dumps({'dags': {'sales': {'tasks': ['t']}}}))\n"


def check(path: Path) -> dict[str, Check]:
    """Run the checks, and return them by name."""
    return {result.name: result for result in check_bundle_file(path)}


def write_own_bundle(path: Path, program: str, **fields: object) -> Path:
    """Write a bundle file like dagfloe's own, whose program is a shell script and whose manifest has more fields."""
    binary = f"#!/bin/sh\n{program}\nexit\n".encode()
    sdk = {"name": "dagfloe", "language": "python", "version": "1", "supervisor_schema_version": "2026-06-16"}
    metadata = {**yaml.safe_load(MANIFEST), "bundle": {"name": "sales", "version": "1"}, "sdk": sdk, **fields}
    manifest = render_manifest(with_digests(metadata, hashlib.sha256(binary).digest(), b""))
    path.write_bytes(binary + manifest + Trailer(0, len(manifest), hashlib.sha256(binary).digest()).pack())
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("flag", ["--bundle-metadata", "--airflow-metadata"])
def test_a_good_file(flag: str, tmp_path: Path) -> None:
    """An intact file that starts is good. The file of another SDK may have either flag for its metadata."""
    program = f"import sys\nassert '{flag}' in sys.argv\n{PRINT_METADATA}"
    checks = check(write_bundle(tmp_path / "sales", program, MANIFEST))
    assert {name: result.state for name, result in checks.items()} == {
        "bundle file": "ok",
        "requirements": "ok",
        "startup": "ok",
    }
    assert checks["startup"].text.endswith(" s to print its metadata; Dags: sales")


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("sys.exit('the library is missing')", "exit status 1: the library is missing"),
        ("sys.exit(3)", "exit status 3: no error message"),
        ("print('no JSON')", "what it prints is not metadata"),
        ("print('{\"dags\": {}}')", "its metadata does not list the Dags of its manifest"),
        ("print('[]')", "what it prints is not metadata"),
        ("print('[' * 100000)", "what it prints is not metadata"),
        ("print('{\"dags\": 5}')", "what it prints is not metadata"),
    ],
)
def test_a_file_that_does_not_start(program: str, problem: str, tmp_path: Path) -> None:
    """The check shows why. It is a warning, because the file of another SDK may have no flag for its metadata."""
    startup = check(write_bundle(tmp_path / "sales", f"import sys\n{program}\n", MANIFEST))["startup"]
    assert (startup.state, startup.text) == ("warning", problem)
    assert "--bundle-metadata" in startup.cure


def test_our_own_file(tmp_path: Path) -> None:
    """A file that dagfloe built must start, with dagfloe's flag."""
    good = write_own_bundle(tmp_path / "good", """[ "$1" = --bundle-metadata ] && echo '{"dags": {"sales": {}}}'""")
    assert check(good)["startup"].state == "ok"
    startup = check(write_own_bundle(tmp_path / "bad", "echo no library here >&2; exit 3"))["startup"]
    assert (startup.state, startup.text) == ("failed", "exit status 3: no library here")


def test_a_file_that_is_not_executable(tmp_path: Path) -> None:
    """The cure is a command line."""
    path = write_own_bundle(tmp_path / "sales", "exit 0")
    path.chmod(0o644)
    assert check(path)["startup"] == Check("startup", "failed", "the file is not executable", f"chmod +x {path}")


def test_a_file_for_another_processor(tmp_path: Path) -> None:
    """The check does not start a program that this host cannot run."""
    foreign = bytearray(Path(sys.executable).resolve().read_bytes())
    foreign[18:20] = (243).to_bytes(2, sys.byteorder)  # RISC-V, on which no test runs
    manifest = MANIFEST.encode()
    file = tmp_path / "sales"
    file.write_bytes(foreign + manifest + Trailer(0, len(manifest), hashlib.sha256(foreign).digest()).pack())
    checks = check(file)
    assert checks["requirements"].state == "failed"
    assert checks["requirements"].text.startswith("the file is for riscv64, and this host is ")
    assert "startup" not in checks


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"os": "plan9"}, "the file is for plan9, and this host runs linux"),
        ({"libc": "musl"}, "the file needs musl, and this host has glibc"),
        ({"libc_version": "999.1"}, "the file needs glibc 999.1 or newer, and this host has "),
        ({"libc_version": "2.4"}, ""),
    ],
)
def test_the_floor(change: dict[str, str], problem: str, tmp_path: Path) -> None:
    """The check compares the manifest's floor with this host. As strings, 2.4 would be newer than 2.17."""
    floor = {"os": sys.platform, "architecture": platform.machine(), "libc": "glibc", **change}
    result = check(write_own_bundle(tmp_path / "sales", "exit 0", floor=floor))["requirements"]
    assert (result.state, bool(result.cure)) == (("failed", True) if problem else ("ok", False))
    assert problem in result.text
