"""The conformance page matches the tests and tasks in the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from support import conformance_page
from support.dimensions import DIMENSIONS

ROOT = Path(__file__).parents[2]


def test_page_is_current() -> None:
    """The page comes from the current tests, tasks and dimensions."""
    content = conformance_page.PAGE.read_text("utf-8")
    assert f"<!-- inputs {conformance_page.inputs_digest()} -->" in content, "it is stale: run `make conformance`"


def test_every_dimension_is_a_row_and_conforms() -> None:
    """Every dimension has a row, and passes for every Airflow whose supervisor offers it."""
    tables = conformance_page.PAGE.read_text("utf-8").partition("## The other")[0]
    rows = dict(re.findall(r"^\| ([\w-]+) \| [A-Z-]+ \| (.*?) \| [^|]+ \|$", tables, re.MULTILINE))
    assert list(rows) == list(DIMENSIONS)
    for name, dimension in DIMENSIONS.items():
        older, newer = rows[name].split(" | ")
        assert (older, newer) == ("pass" if dimension.since == "3.3" else "not offered", "pass"), name


def test_every_dimension_is_tested_once() -> None:
    """Every dimension has exactly one test."""
    source = (ROOT / "tests" / "airflow" / "test_conformance.py").read_text("utf-8")
    tested = re.findall(r'^@pytest\.mark\.dimension\("([\w-]+)"\)$', source, re.MULTILINE)
    assert sorted(tested) == sorted(DIMENSIONS)


def test_a_stale_page_fails(capsys: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """The comparison fails if the page does not match the results, and if a dimension failed."""
    results = tmp_path / "3.3.2.json"
    results.write_text("{}")
    assert conformance_page.main(["--check", str(results)]) == 1
    assert "conformance.md is stale" in capsys.readouterr().err
    monkeypatch.setattr(conformance_page, "PAGE", tmp_path / "page.md")
    assert conformance_page.main([str(results)]) == 1
    assert "does not conform: success under 3.3.2" in capsys.readouterr().err
