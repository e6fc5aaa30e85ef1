"""The pinned versions of the development environments: complete, with hashes, and as pyproject.toml allows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.audit import Audit

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
PINS = ROOT / ".ci/requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
#: The extras of each file, beside the project's own dependencies.
EXTRAS = {file.stem: [file.stem] for file in PINS.glob("*.txt")} | {name: ["dev", name] for name in ("browser", "fuzz")}


def read_pins(file: Path) -> list[tuple[Requirement, list[str]]]:
    """The pinned requirements of a file, with their hashes."""
    pins = []
    for entry in file.read_text().replace("\\\n", " ").splitlines():
        line, *hashes = re.split(r"\s+--hash=", entry.strip())
        pins.append((Requirement(line), hashes))
    return pins


def test_there_is_a_file_for_each_environment() -> None:
    assert {"dev", "browser", "docs", "audit", "fuzz", "mutation", "packages"} <= set(EXTRAS)


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_each_package_has_one_version_and_the_digests_of_its_files(name: str) -> None:
    pins = read_pins(PINS / f"{name}.txt")
    assert pins
    for pin, hashes in pins:
        assert [specifier.operator for specifier in pin.specifier] == ["=="], pin
        assert pin.url is None
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), pin


@pytest.mark.parametrize("name", sorted(EXTRAS))
def test_what_the_project_requires_is_pinned_in_its_range(name: str) -> None:
    versions: dict[str, list[str]] = {}
    for pin, _ in read_pins(PINS / f"{name}.txt"):
        versions.setdefault(canonicalize_name(pin.name), []).extend(item.version for item in pin.specifier)
    extras = PROJECT["optional-dependencies"]
    for line in [*PROJECT["dependencies"], *(line for extra in EXTRAS[name] for line in extras[extra])]:
        required = Requirement(line)
        # Python 3.11 is the oldest that the development environments are made with.
        if required.marker is None or required.marker.evaluate({"python_version": "3.11"}):
            found = versions.get(canonicalize_name(required.name), [])
            assert found, f"{required.name} is missing: run make pins"
            assert all(required.specifier.contains(version) for version in found), f"{required}: run make pins"


def audit_of(*dependencies: Mapping[str, object]) -> Audit:
    audit = Audit()
    audit.add(json.dumps({"dependencies": list(dependencies), "fixes": []}), "", "dev.txt")
    return audit


FINE = {"name": "click", "version": "8.5.1", "vulns": []}
UNKNOWN = {"name": "lz4", "skip_reason": "Dependency not found on PyPI"}


def test_an_audit_fails_for_a_vulnerability() -> None:
    bad = {"name": "rich", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": []}]}
    audit = audit_of(FINE, bad)
    assert audit.status() == 1
    assert list(audit.lines()) == ["rich 1.0: PYSEC-1, fixed in 1.1", "looked up: 2 packages, vulnerabilities: 1"]


def test_an_audit_without_a_finding_passes() -> None:
    assert audit_of(FINE).status() == 0


def test_an_audit_of_a_part_fails() -> None:
    audit = audit_of(FINE, UNKNOWN)
    assert audit.status() == 1
    assert "not looked up, because the service does not know them: lz4" in list(audit.lines())


def test_an_audit_without_a_service_says_that_nothing_was_looked_up() -> None:
    audit = audit_of(UNKNOWN)
    audit.add("", "Traceback ...\nConnectionError: no such host", "docs.txt")
    assert audit.status() == 0
    assert [line.split(":")[0] for line in audit.lines()][-1] == "NOT AUDITED"
    assert "docs.txt: ConnectionError: no such host" in list(audit.lines())
