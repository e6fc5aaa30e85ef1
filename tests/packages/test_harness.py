"""How a row is read and judged, and how the advice of a failed build is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packages.result import (
    BROKEN,
    CURED,
    DIFFERENT,
    EQUAL,
    IMPOSSIBLE,
    REFUSED,
    Result,
    Seen,
    read_result,
    write_result,
)
from packages.row import read_row, read_rows
from packages.trial import find_cures, with_settings

if TYPE_CHECKING:
    from pathlib import Path

GREEN = Seen({"count": "success"}, {"count": 3})
RED = Seen({"count": "failed"}, {}, "the last lines of the log")
PROJECT = """\
[project]
name = "shop"
dependencies = ["fish"]

[tool.dagfloe]
bundle = "tasks:bundle"
hidden-imports = ["old"]

[tool.packages.distributions]
fish = "swims"
"""


def judged(unfrozen: Seen, frozen: Seen | None, empty: Seen | None, refusal: str = "", impossible: str = "") -> Result:
    """A result of three runs."""
    return Result(
        "row", "dagfloe", "3.11.7", {"fish": "1"}, unfrozen, frozen, empty, refusal=refusal, impossible=impossible
    )


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (judged(GREEN, GREEN, GREEN), EQUAL),
        (judged(GREEN, GREEN, GREEN, refusal="write a line"), CURED),
        (judged(GREEN, RED, GREEN), DIFFERENT),
        (judged(GREEN, GREEN, RED), DIFFERENT),
        (judged(GREEN, Seen({"count": "success"}, {"count": 4}), GREEN), DIFFERENT),
        (judged(GREEN, RED, RED, impossible="a limit"), IMPOSSIBLE),
        (judged(GREEN, None, None, refusal="no cure"), REFUSED),
        (judged(GREEN, None, None, refusal="no cure", impossible="a limit"), IMPOSSIBLE),
        (judged(RED, RED, RED), BROKEN),
        (judged(Seen({}, {}), GREEN, GREEN), BROKEN),
    ],
)
def test_outcome(result: Result, outcome: str) -> None:
    """A result has one outcome, and a task that fails only when frozen is never an allowed one."""
    assert result.outcome == outcome


def test_differences() -> None:
    """Each difference names the task, the run and both values; a task that did not run is one, too."""
    missing = Seen({}, {})
    result = judged(GREEN, Seen({"count": "success"}, {"count": 4}), missing)
    assert result.differences() == ["count frozen: 4, and not 3", "count in an empty environment: missing"]


def test_results_are_files(tmp_path: Path) -> None:
    """A result that was written is read again, without the logs, which name files of the host."""
    write_result("shop", judged(GREEN, RED, GREEN), tmp_path)
    assert read_result("shop", tmp_path) == judged(GREEN, Seen({"count": "failed"}, {}), GREEN)
    assert read_result("other", tmp_path) is None


def test_row(tmp_path: Path) -> None:
    """A row has the distributions of its table, what it writes in [tool.dagfloe], and a digest of its files."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    row = read_row(tmp_path)
    assert row.distributions == {"fish": "swims"}
    assert row.settings == {"hidden-imports": ["old"]}
    digest = row.digest
    (tmp_path / "tasks.py").touch()
    assert row.digest != digest


def test_row_with_an_unknown_key(tmp_path: Path) -> None:
    """A misspelt key is an error."""
    (tmp_path / "pyproject.toml").write_text(f"{PROJECT}\n[tool.packages]\nservices = []\n")
    with pytest.raises(ValueError, match=r"has no key services"):
        read_row(tmp_path)


def test_rows() -> None:
    """The name of a row is that of its project."""
    rows = read_rows()
    assert rows
    for row in rows:
        assert f'name = "{row.name}"\n' in (row.folder / "pyproject.toml").read_text("utf-8")


def test_cures() -> None:
    """The lines that a failed build names replace those of [tool.dagfloe]."""
    message = (
        "Error: the frozen program cannot import all of its modules:\n"
        "  PyInstaller did not see that 'fish' is imported: in [tool.dagfloe] of pyproject.toml write\n"
        '    hidden-imports = ["fish", "old"]\n'
    )
    cures = find_cures(message)
    assert cures == {"hidden-imports": ["fish", "old"]}
    cured = with_settings(PROJECT, cures)
    assert cured == PROJECT.replace('bundle = "tasks:bundle"\nhidden-imports = ["old"]', "@").replace(
        "@", 'hidden-imports = ["fish", "old"]\nbundle = "tasks:bundle"'
    )
    assert find_cures("Error: nothing to write") == {}
