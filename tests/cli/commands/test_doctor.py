"""`dagfloe doctor`: its output and its exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.tool import main

if TYPE_CHECKING:
    from pathlib import Path


def doctor(*arguments: str | Path, status: int = 0) -> str:
    """Run the command, and return its output."""
    result = CliRunner().invoke(main, ["doctor", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host without Airflow, whose cache is empty."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.delenv("AIRFLOW_CONFIG", raising=False)
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_this_host() -> None:
    """A host that runs these tests passes, with the same checks as lines and as JSON."""
    report = json.loads(doctor("--json"))
    assert report["ok"] is True
    names = [check["name"] for check in report["checks"]]
    assert names[:5] == ["cache folder", "temporary folder", "C library", "loopback", "open files"]
    assert names[5:] == ["Python", "libpython", "venv", "launcher", "strip", "Airflow"]
    assert set(report["checks"][0]) == {"name", "state", "text", "cure"}
    assert [line[2:].split("  ")[0] for line in doctor().splitlines()] == names
    assert all(name not in doctor("--quiet") for name in ("loopback", "temporary folder"))


def test_a_failure(home: Path) -> None:
    """A failed check gives exit status 1, and its line shows the cure."""
    (home / "text").write_text("x")
    for path in (home / "text", home / "missing"):
        line = doctor(path, "--quiet", status=1).splitlines()[-1]
        assert line.startswith("✗ bundle file")
        assert line.endswith(" -> rebuild it, or copy it again")
        assert json.loads(doctor(path, "--json", status=1))["ok"] is False
