"""The page of distributions has what the rows and their results say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packages.page import PAGE, page
from packages.result import ALLOWED, Result, Seen, read_result, write_result
from packages.row import read_row, read_rows
from packages.test_harness import GREEN, PROJECT

if TYPE_CHECKING:
    from pathlib import Path


def test_page(tmp_path: Path) -> None:
    """A distribution is one line, with the settings, the size and the seconds of its file."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    row = read_row(tmp_path)
    seen = Result(
        "row", "dagfloe", "3.11.7", {"fish": "1.2"}, GREEN, GREEN, GREEN, {"collect": ["fish"]}, "write a line",
        size=3_400_000, first_s=0.5, later_s=0.25,
    )  # fmt: skip
    write_result(row.name, seen, tmp_path)
    rendered = page([row], tmp_path)
    cells = f'| fish | 1.2 | swims | succeeds | cured | `collect = ["fish"]` | `{row.name}` | 3.4 | 0.50 | 0.25 |'
    assert cells in rendered
    assert "Of 1 distributions in 1 files, 0 are equal, 1 are\nequal with" in rendered


def test_limit(tmp_path: Path) -> None:
    """A row with a limit has a line that explains it, and no figures if there is no file."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.packages]\nimpossible = "fish need water"\n{PROJECT}')
    row = read_row(tmp_path)
    write_result(
        row.name, Result("row", "d", "3.11.7", {}, GREEN, refusal="no", impossible="fish need water"), tmp_path
    )
    rendered = page([row], tmp_path)
    assert f"| fish |  | swims | succeeds | impossible | none | `{row.name}` |  |  |  |" in rendered
    assert f"- `{row.name}`: fish need water" in rendered


def test_red(tmp_path: Path) -> None:
    """A task that fails only when frozen is shown as what must never happen."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    row = read_row(tmp_path)
    write_result(row.name, Result("row", "d", "3", {}, GREEN, GREEN, Seen({"count": "failed"}, {})), tmp_path)
    assert "| succeeds | green build, red task |" in page([row], tmp_path)


def test_published_page() -> None:
    """The page in the documentation is that of the rows and the results in the repository."""
    rows = read_rows()
    assert PAGE.read_text("utf-8") == page(rows), "run make packages"
    names = re.findall(r"^\| (\S+) \| \d", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(names) == sum(len(row.distributions) for row in rows if read_result(row.name))


def test_published_outcomes() -> None:
    """No row of the published page has an outcome that is not allowed."""
    results = {row.name: read_result(row.name) for row in read_rows()}
    bad = {name: result.outcome for name, result in results.items() if result and result.outcome not in ALLOWED}
    assert bad == {}
