"""`dagfloe settings`: settings that doctor accepts. `tests/airflow/test_settings.py` gives them to Airflow."""

from __future__ import annotations

import configparser
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.doctor.airflow_checks import check_airflow
from dagfloe.cli.tool import main
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

#: The Dag `big` is declared by dagfloe, and its task `t` has a queue.
MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {big: {tasks: [t, u], declaration: {tasks: {t: {queue: large}, u: {}}}}}
sdk: {language: python, name: dagfloe, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""
OTHER = MANIFEST.replace("name: dagfloe, ", "").replace("python", "go").replace("big", "other")


def settings(*arguments: str | Path, status: int = 0) -> str:
    """Run the command, and return its output."""
    result = CliRunner().invoke(main, ["settings", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Airflow's folder, without an Airflow on PATH."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONFIG", raising=False)
    monkeypatch.setenv("PATH", "")
    return tmp_path


@pytest.mark.parametrize("release", ["3.3", "3.4"])
@pytest.mark.parametrize("name", ["dags", "dags/deep", "bundles", "a b", "$HOME-%d-%(x)s", "#1;", "'\"\\", "x\ny"])
def test_doctor_accepts_them(home: Path, release: str, name: str) -> None:
    """The output is a complete configuration file, for any folder."""
    folder = home / name
    folder.mkdir(parents=True)
    write_bundle(folder / "big", "succeed()", MANIFEST)
    write_bundle(folder / "other", "succeed()", OTHER)
    output = settings(folder, "--airflow", release)
    (home / "airflow.cfg").write_text(output)
    checks = [*check_airflow({"AIRFLOW_HOME": str(home)}, f"{release}.0")]
    assert {check.state for check in checks} == {"ok"}, checks
    assert checks[-1].text.endswith(": 2 bundle files")
    parser = configparser.ConfigParser()
    parser.read_string(output)
    assert json.loads(parser["sdk"]["queue_to_coordinator"]) == {"dagfloe": "dagfloe", "large": "dagfloe"}


def test_the_dags_folder_needs_no_dag_bundle(home: Path) -> None:
    """Airflow 3.4 looks beside the Dag file, so the shortest settings are the default; 3.3 needs a folder."""
    output = settings()
    assert "[dag_processor]" not in output
    assert output == settings(home / "dags") == settings("--airflow", "3.4")
    assert settings("--airflow", "3.3") == settings(home / "bundles", "--airflow", "3.3")
    assert f'{{"executables_root": ["{home}/bundles"]}}' in settings("--airflow", "3.3")


def test_a_configuration_that_cannot_be_read(home: Path) -> None:
    """The command says which line is wrong."""
    (home / "airflow.cfg").write_text("[sdk\n")
    assert "is not a valid configuration file: see line 1" in settings(status=1)
