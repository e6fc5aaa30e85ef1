"""`make test` fails if the tests cover a package less than before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.package_coverage import MINIMUM, main, measure, package_of, problems

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("src/dagfloe/errors.py", "dagfloe"),
        ("src/dagfloe/values/dates.py", "values"),
        ("src/dagfloe/local/store/store.py", "local"),
        ("runtime/server.py", "runtime"),
        ("runtime/wire/frames.py", "runtime"),
    ],
)
def test_package_of(file: str, package: str) -> None:
    """A file counts for its package, wherever the package's folder is."""
    assert package_of(file) == package


def summary(covered: int, total: int, branches: int = 0) -> dict[str, dict[str, int]]:
    """The measurements of a file with some covered lines and no covered branches."""
    counts = {"covered_lines": covered, "num_statements": total, "covered_branches": 0, "num_branches": branches}
    return {"summary": counts}


def test_measure() -> None:
    """Lines and branches of all files of a package count alike."""
    files = {"runtime/server.py": summary(80, 80, 10), "runtime/wire/dial.py": summary(20, 100, 10)}
    assert measure({"files": files}) == {"runtime": 50}


def test_problems() -> None:
    """A package below its minimum, one without a minimum and one without a measurement are problems."""
    percentages = {"cli": 95.0, "local": 89.96, "new": 100.0}
    assert list(problems(percentages, {"cli": 95, "local": 90, "old": 90})) == [
        "the tests cover 89.96 % of local, and 90 % is the minimum",
        "new has no minimum: add one to package_coverage.py",
        "old was not measured",
    ]


def test_no_minimum_is_under_90() -> None:
    """The minimum of every package is at least 90 %."""
    assert min(MINIMUM.values()) >= 90


def test_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 0 if every package meets its minimum, else 1."""
    report = tmp_path / "coverage.json"
    monkeypatch.setattr("sys.argv", ["package_coverage", str(report)])
    files = {f"src/dagfloe/{package}/module.py": summary(10, 10) for package in MINIMUM}
    files["src/dagfloe/module.py"] = files.pop("src/dagfloe/dagfloe/module.py")
    report.write_text(json.dumps({"files": files}), "utf-8")
    assert main() == 0
    files["cli/module.py"] = summary(0, 10)
    report.write_text(json.dumps({"files": files}), "utf-8")
    assert main() == 1
    assert "of cli, and" in capsys.readouterr().out
