"""The page of adopted Dag files has a row for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpus.cases import CASES, EXAMPLES
from corpus.page import EQUAL, PAGE, page
from corpus.results import Result, Results

if TYPE_CHECKING:
    from pathlib import Path

ETL = Result("etl", "two tasks", 4, ["etl.a", "etl.b"], [["c", "it is pickled | why"], ["d", "it is pickled | why"]])
OTHER = Result(
    "other", "one `--all`", 3, ["other.a"], [["b", "it is mapped"]], differences=["a: printed ['x'], adopted []"]
)
EXAMPLE = Result("example", "", 1, ["example.a"])
INTENDED = Result("branch", "a branch", 1, ["branch.a"], intended=["it pushes `x`"])


def test_rows(tmp_path: Path) -> None:
    """A row has the counts, the reasons, and what each version of Airflow did."""
    old, new = Results("3.3.2", "cores 2", [ETL, OTHER], [EXAMPLE]), Results("3.4.0", "cores 2", [ETL, ETL], [EXAMPLE])
    for results in (old, new):
        results.write(tmp_path / "results" / f"{results.airflow}.json")
    text = page([Results.read(tmp_path / "results" / f"{version}.json") for version in ("3.3.2", "3.4.0")])
    lines = text.splitlines()
    assert "| `etl` | two tasks | 4 | 2 | `c`, `d`: it is pickled \\| why | equal | equal |" in lines
    assert "| `other` | one `--all` | 3 | 1 | `b`: it is mapped<br>1 not asked for | 1 differences | equal |" in lines
    assert "| 2 files |  | 7 | 3 |  | 1 equal | 2 equal |" in lines
    assert "| `example` |  | 1 | 1 |  | equal | equal |" in lines
    assert "- Airflow 3.3.2, `other`: a: printed ['x'], adopted []" in lines


def test_no_differences() -> None:
    """Without a difference, there is no list of them."""
    assert "## Differences" not in page([Results("3.3.2", "cores 2", [ETL], [EXAMPLE])])


def test_intended_differences() -> None:
    """A difference that is meant to be is beside the result."""
    text = page([Results("3.3.2", "cores 2", [INTENDED], [EXAMPLE])])
    assert "| `branch` | a branch | 1 | 1 |  | equal, but it pushes `x` |" in text.splitlines()
    assert "## Differences" not in text


def test_published_page() -> None:
    """The published page has all files, at least 25 of our own, and every run was equal or meant to differ."""
    text = PAGE.read_text("utf-8")
    rows = {line.split("`")[1]: line.split(" | ")[-2:] for line in text.splitlines() if line.startswith("| `")}
    assert rows.keys() == {case.name for case in (*CASES, *EXAMPLES)}
    assert len(CASES) >= 25
    intended = {case.name for case in (*CASES, *EXAMPLES) if case.differs}
    for name, outcomes in rows.items():
        for outcome in outcomes:
            start = f"{EQUAL}, but " if name in intended else EQUAL
            assert outcome.removesuffix(" |").startswith(start), name
            assert name in intended or outcome.removesuffix(" |") == EQUAL
    assert "## Differences" not in text
