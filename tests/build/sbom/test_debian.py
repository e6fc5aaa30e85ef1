"""The Debian packages of libraries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dagfloe.build.project import read_project
from dagfloe.build.sbom.debian import find_packages
from dagfloe.build.sbom.document import render_sbom
from dagfloe.build.sbom.inventory import FrozenDistribution, HostLibrary, Inventory

on_debian = pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="the host has no Debian packages")


def libraries_of(package: str) -> list[str]:
    """The shared libraries in a package, as dpkg lists them."""
    command = ["dpkg-query", "--listfiles", package]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
    return [path for path in listed if ".so" in path and Path(path).is_file()]


@on_debian
def test_a_library_belongs_to_its_package_under_every_name(tmp_path: Path) -> None:
    """A package is found by the path that dpkg has, by that of a merged /usr, and through links."""
    path = next(path for path in libraries_of("zlib1g") if path.rpartition("/")[2].startswith("libz.so"))
    plain = path.removeprefix("/usr")
    link = tmp_path / "libz.so"
    link.symlink_to(path)
    stranger = tmp_path / "libstrange.so"
    stranger.touch()
    asked = [str(link), str(stranger), *(name for name in (plain, f"/usr{plain}") if Path(name).exists())]
    found = find_packages(asked)
    assert {*found} == {*asked} - {str(stranger)}
    (package,) = {*found.values()}
    fields = "${Version} ${Architecture}"
    version = subprocess.run(["dpkg-query", "-W", "-f", fields, "zlib1g"], check=True, capture_output=True, text=True)
    assert f"{package.version} {package.architecture}" == version.stdout
    assert (package.name, package.source) == ("zlib1g", "zlib")


@on_debian
def test_a_package_contains_its_libraries_in_the_list(tmp_path: Path) -> None:
    """Its purl has what scanners look vulnerabilities up with; the file inside has its digest."""
    (tmp_path / "tasks.py").touch()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n'
    )
    library = HostLibrary("libz.so.1", next(path for path in libraries_of("zlib1g") if "libz.so" in path), "b" * 64)
    inventory = Inventory("3.11.7", (FrozenDistribution("dagfloe", "1"),), (library,), ())
    document = json.loads(render_sbom(read_project(tmp_path), inventory, {}, "5" * 64))
    (zlib,) = (item for item in document["components"] if item["name"] == "zlib1g")
    assert zlib["purl"].startswith("pkg:deb/")
    assert "upstream=zlib" in zlib["purl"]
    assert "arch=" in zlib["purl"]
    assert zlib["version"] in zlib["purl"].replace("%3A", ":")
    (file,) = zlib["components"]
    assert (file["type"], file["name"], file["hashes"][0]["content"]) == ("file", "libz.so.1", "b" * 64)


def test_without_dpkg_there_is_no_owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_packages([os.path.realpath("/bin/sh")]) == {}


def test_no_library_no_question() -> None:
    assert find_packages([]) == {}
