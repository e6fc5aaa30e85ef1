"""The README of tests/demo lists the demo projects and their Dags."""

from __future__ import annotations

import re

from support.blocks import ROOT

DEMO = ROOT / "tests" / "demo"


def test_every_project_is_listed_with_its_dags() -> None:
    """The first table has a row for every project, with the Dags that its modules create."""
    table = (DEMO / "README.md").read_text("utf-8").partition("`make test-bundles`")[0]
    rows = re.findall(r"^\| \[(\w+)\]\(\1\)[^|]* \| ([^|]+) \|", table, re.MULTILINE)
    documented = {project: re.findall(r"`(\w+)`", dags) for project, dags in rows}
    projects = {path.parent for path in DEMO.glob("*/pyproject.toml")}
    sources = {project.name: "".join(path.read_text("utf-8") for path in project.rglob("*.py")) for project in projects}
    created = {name: sorted(re.findall(r'\bdag\(\s*"(\w+)"', source)) for name, source in sources.items()}
    assert documented == created
