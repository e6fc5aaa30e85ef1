"""The conformance page matches the tests and tasks in the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from support import conformance_page
from support.dimensions import DIMENSIONS, FURTHER
from support.siblings import ROWS

ROOT = Path(__file__).parents[2]


def test_page_is_current() -> None:
    """The page comes from the current tests, tasks and dimensions."""
    content = conformance_page.PAGE.read_text("utf-8")
    assert f"<!-- inputs {conformance_page.inputs_digest()} -->" in content, "it is stale: run `make conformance`"


def test_every_dimension_is_a_row_and_conforms() -> None:
    """Every dimension has a row, and passes for every Airflow that offers it."""
    tables = conformance_page.PAGE.read_text("utf-8").partition("## The other")[0]
    rows = dict(re.findall(r"^\| ([\w -]+) \| [A-Z?†-][A-Z †]* \| (.*?) \| [^|]+ \|$", tables, re.MULTILINE))
    assert list(rows) == list(DIMENSIONS)
    for name, dimension in DIMENSIONS.items():
        older, newer = rows[name].split(" | ")
        older_result = "pass" if dimension.since == "3.3" else "not offered"
        assert (older, newer) == (dimension.untested or older_result, dimension.untested or "pass"), name


def test_every_dimension_is_tested_once() -> None:
    """Every dimension has exactly one test; those that dagfloe or Airflow does not have, have none."""
    folder = ROOT / "tests" / "airflow"
    source = "".join(path.read_text("utf-8") for path in folder.glob("test_*conformance.py"))
    tested = re.findall(r'^@pytest\.mark\.dimension\("([\w-]+)"\)$', source, re.MULTILINE)
    assert sorted(tested) == sorted(name for name, dimension in DIMENSIONS.items() if not dimension.untested)


def test_the_comparison_has_the_rows_of_the_list() -> None:
    """The comparison has each row of Airflow's list, in the order of the tables, and claims only known values."""
    comparison = conformance_page.PAGE.read_text("utf-8").partition("## The other")[2]
    rows = re.findall(r"^\| (.*?) \| .*? \| .*? \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", comparison, re.MULTILINE)[1:]
    names = [dimension.name for dimension in DIMENSIONS.values() if dimension not in FURTHER]
    assert [name for name, *_ in rows] == names == list(ROWS)
    for name, *values, sources in rows:
        for value in values:
            assert re.fullmatch(r"no|yes(, only .+)?|\?( \(last known: (yes|no)\))?", value), name
        assert sources != "-" or set(values) == {"?"}, name


def test_a_stale_page_fails(capsys: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """The comparison fails if the page does not match the results, and if a dimension failed."""
    results = tmp_path / "3.3.2.json"
    results.write_text("{}")
    assert conformance_page.main(["--check", str(results)]) == 1
    assert "conformance.md is stale" in capsys.readouterr().err
    monkeypatch.setattr(conformance_page, "PAGE", tmp_path / "page.md")
    assert conformance_page.main([str(results)]) == 1
    assert "does not conform: success under 3.3.2" in capsys.readouterr().err
